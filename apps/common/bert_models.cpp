#include "apps/common/bert_models.h"

#include "apps/common/cli.h"
#include "apps/common/hf_bert.h"
#include "apps/common/text.h"
#include "engine/core/file.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

constexpr int model_version = 1;

json facts_json(const BertFacts& facts, const data::WordPiece& wordpiece) {
  return {{"tokenizer",
           {{"vocabulary", wordpiece.size()},
            {"xxh3", wordpiece.hash()},
            {"options", data::describe(wordpiece.options())}}},
          {"space", facts.space},
          {"arch", facts.arch},
          {"task", facts.task},
          {"labels", facts.labels},
          {"made", facts.made}};
}

BertFacts facts_from(Fields& fields) {
  BertFacts facts{.arch = fields.any("arch"),
                  .space = fields.any("space"),
                  .task = fields.text("task"),
                  .labels = {},
                  .made = fields.object("made")};
  for (const json& label : fields.array("labels")) {
    check<FormatError>(label.is_string(), fields.where().c_str(), "labels must be texts, found ",
                       label.dump());
    facts.labels.push_back(label.get<std::string>());
  }
  return facts;
}

data::WordPiece wordpiece_from(Fields& fields, const fs::path& directory) {
  Fields tokenizer(fields.object("tokenizer"), fields.where() + ": tokenizer");
  tokenizer.integer("vocabulary", 1);
  const std::string expected = tokenizer.text("xxh3");
  const data::WordPieceOptions rules =
      data::wordpiece_options(tokenizer.object("options"), tokenizer.where() + ".options");
  tokenizer.finish();
  data::WordPiece wordpiece = data::WordPiece::load(directory / "vocab.txt", rules);
  check<FormatError>(wordpiece.hash() == expected, (directory / "vocab.txt").c_str(),
                     "is not the one this model was made with: its hash is ", wordpiece.hash(), ", ",
                     fields.where(), " says ", expected);
  return wordpiece;
}

}  // namespace

void save_bert(const fs::path& directory, nn::Bert& model, const data::WordPiece& wordpiece,
               const BertFacts& facts, bool overwrite) {
  begin_model_directory(directory, overwrite);
  fs::create_directories(directory);
  wordpiece.save(directory / "vocab.txt");
  const json weights = save_weights(directory, model);
  json config = {{"format", "mosaic-bert"}, {"version", model_version}, {"model", model.config().to_json()}};
  config.update(facts_json(facts, wordpiece));
  config["weights"] = weights;
  save_json(directory / "config.json", config);
}

StaticBert open_bert(const fs::path& directory) {
  if (is_hf_directory(directory)) {
    HfBertModel from = open_hf_bert(directory);
    nn::move(*from.model, compute_device());
    return {.model = std::move(from.model),
            .wordpiece = std::move(from.wordpiece),
            .facts = {.arch = nullptr,
                      .space = nullptr,
                      .task = "",
                      .labels = std::move(from.labels),
                      .made = {{"from", "Hugging Face directory"}, {"path", path_text(directory)}}},
            .hash = hash_file(directory / "model.safetensors")};
  }
  const json config = load_model_config(directory);
  const std::string where = (directory / "config.json").string();
  Fields fields(config, where);
  fields.one_of("format", {"mosaic-bert"});
  fields.integer("version", 1, model_version);
  data::WordPiece wordpiece = wordpiece_from(fields, directory);
  BertFacts facts = facts_from(fields);
  const nn::BertConfig sizes = nn::BertConfig::from_json(fields.object("model"), where + ": model");
  wordpiece.check_rows(sizes.vocabulary, where);
  std::string hash;
  const nn::StateDict tensors = load_weights(directory, fields, hash);
  fields.finish();
  auto model = std::make_unique<nn::Bert>(sizes);
  nn::load(*model, tensors);
  nn::move(*model, compute_device());
  return {.model = std::move(model),
          .wordpiece = std::move(wordpiece),
          .facts = std::move(facts),
          .hash = std::move(hash)};
}

void save_supernet_facts(const fs::path& run, const mos::SuperBert& supernet,
                         const data::WordPiece& wordpiece, const BertFacts& facts) {
  wordpiece.save(run / "vocab.txt");
  json config = {
      {"format", "mosaic-supernet-run"}, {"version", model_version}, {"supernet", supernet.to_json()}};
  config.update(facts_json(facts, wordpiece));
  save_json(run / "supernet.json", config);
}

SuperBertRun open_super_bert(const fs::path& run, const std::string& which) {
  const json config = load_supernet_config(run);
  const std::string where = (run / "supernet.json").string();
  Fields fields(config, where);
  fields.one_of("format", {"mosaic-supernet-run"});
  fields.integer("version", 1, model_version);
  data::WordPiece wordpiece = wordpiece_from(fields, run);
  BertFacts facts = facts_from(fields);
  auto supernet = mos::SuperBert::from_json(fields.object("supernet"), where + ": supernet");
  fields.finish();
  wordpiece.check_rows(supernet->options().vocabulary, where);
  fs::path from;
  const nn::StateDict weights = checkpoint_weights(run, which, &from);
  nn::load(*supernet, weights);
  nn::move(*supernet, compute_device());
  warn_of_bad_numbers(weights, from);
  return {.supernet = std::move(supernet),
          .wordpiece = std::move(wordpiece),
          .facts = std::move(facts),
          .checkpoint = from,
          .hash = checkpoint_hash(run, which, from)};
}

}  // namespace mosaic::apps
