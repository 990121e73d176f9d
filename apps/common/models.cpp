#include "apps/common/models.h"

#include "apps/common/cli.h"
#include "apps/common/output.h"
#include "apps/common/text.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

constexpr int model_version = 1;

DecodingSettings decoding_from(const json& value, const std::string& where) {
  Fields fields(value, where);
  DecodingSettings decoding{.beam = fields.integer("beam", 1, 1000),
                            .length_penalty = fields.number("length_penalty", -10, 10),
                            .max_length = fields.integer("max_length", 1, 1 << 20),
                            .source_factor = fields.number("source_factor", 0, 100)};
  fields.finish();
  return decoding;
}

json facts_json(const ModelFacts& facts, const data::Subwords& subwords) {
  return {{"source_language", facts.source_language},
          {"target_language", facts.target_language},
          {"subwords", {{"vocabulary", subwords.size()}, {"xxh3", subwords.hash()}}},
          {"decoding", decoding_json(facts.decoding)},
          {"space", facts.space},
          {"arch", facts.arch},
          {"made", facts.made}};
}

ModelFacts facts_from(Fields& fields, const fs::path& directory, const std::string& subwords_hash) {
  ModelFacts facts{.source_language = fields.text("source_language"),
                   .target_language = fields.text("target_language"),
                   .arch = fields.any("arch"),
                   .space = fields.any("space"),
                   .decoding = decoding_from(fields.object("decoding"), fields.where() + ": decoding"),
                   .made = fields.object("made")};
  Fields subwords(fields.object("subwords"), fields.where() + ": subwords");
  subwords.integer("vocabulary", 1);
  const std::string expected = subwords.text("xxh3");
  subwords.finish();
  check<FormatError>(expected == subwords_hash, (directory / "subwords.model").c_str(),
                     "is not the one this model was made with: its hash is ", subwords_hash, ", ",
                     fields.where(), " says ", expected);
  return facts;
}

}  // namespace

void save_model(const fs::path& directory, nn::Seq2Seq& model, const data::Subwords& subwords,
                const ModelFacts& facts, bool overwrite) {
  begin_model_directory(directory, overwrite);
  subwords.save(directory / "subwords.model");
  const json weights = save_weights(directory, model);
  json config = {{"format", "mosaic-model"}, {"version", model_version}, {"model", model.config().to_json()}};
  config.update(facts_json(facts, subwords));
  config["weights"] = weights;
  save_json(directory / "config.json", config);
}

StaticModel open_model(const fs::path& directory) {
  const json config = load_model_config(directory);
  const std::string where = (directory / "config.json").string();
  Fields fields(config, where);
  fields.one_of("format", {"mosaic-model"});
  fields.integer("version", 1, model_version);
  data::Subwords subwords = data::Subwords::load(directory / "subwords.model");
  ModelFacts facts = facts_from(fields, directory, subwords.hash());
  const nn::TransformerConfig sizes =
      nn::TransformerConfig::from_json(fields.object("model"), where + ": model");
  for (const int64_t rows : {sizes.source_vocabulary, sizes.target_vocabulary})
    check<FormatError>(rows >= subwords.size(), where.c_str(), "the model has ", rows,
                       " vocabulary entries, subwords.model has ", subwords.size());
  std::string hash;
  const nn::StateDict tensors = load_weights(directory, fields, hash);
  fields.finish();
  auto model = std::make_unique<nn::Seq2Seq>(sizes);
  nn::load(*model, tensors);
  nn::move(*model, compute_device());
  return {
      .model = std::move(model), .subwords = std::move(subwords), .facts = std::move(facts), .hash = hash};
}

void save_supernet_facts(const fs::path& run, const mos::Supernet& supernet, const data::Subwords& subwords,
                         const ModelFacts& facts) {
  subwords.save(run / "subwords.model");
  json config = {
      {"format", "mosaic-supernet-run"}, {"version", model_version}, {"supernet", supernet.to_json()}};
  config.update(facts_json(facts, subwords));
  save_json(run / "supernet.json", config);
}

SupernetRun open_supernet(const fs::path& run, const std::string& which) {
  const json config = load_supernet_config(run);
  const std::string where = (run / "supernet.json").string();
  Fields fields(config, where);
  fields.one_of("format", {"mosaic-supernet-run"});
  fields.integer("version", 1, model_version);
  data::Subwords subwords = data::Subwords::load(run / "subwords.model");
  ModelFacts facts = facts_from(fields, run, subwords.hash());
  auto supernet = mos::Supernet::from_json(fields.object("supernet"), where + ": supernet");
  fields.finish();
  fs::path from;
  const nn::StateDict weights = checkpoint_weights(run, which, &from);
  nn::load(*supernet, weights);
  nn::move(*supernet, compute_device());
  warn_of_bad_numbers(weights, from);
  return {.supernet = std::move(supernet),
          .subwords = std::move(subwords),
          .facts = std::move(facts),
          .checkpoint = from,
          .hash = checkpoint_hash(run, which, from)};
}

}  // namespace mosaic::apps
