#include "apps/common/models.h"

#include <fstream>

#include "apps/common/output.h"
#include "apps/common/text.h"
#include "apps/common/version.h"
#include "engine/core/file.h"
#include "engine/io/safetensors.h"
#include "nn/train/average.h"
#include "nn/train/checkpoint.h"

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

void warn_of_bad_numbers(const nn::StateDict& weights, const fs::path& where) {
  for (const auto& [name, count] : nn::non_finite(weights))
    warn(where.string(), ": ", name, " has ", count, " numbers that are not finite");
}

}  // namespace

void refuse_foreign_weights(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return;
  std::ifstream in(file, std::ios::binary);
  char start[4] = {};
  in.read(start, sizeof start);
  const std::string_view magic(start, 4);
  const char* convert =
      "is not read because loading it can run code; in Python, safetensors.torch.save_file(state_dict, "
      "\"model.safetensors\") converts it";
  check<FormatError>(!magic.starts_with("PK\x03\x04") && start[0] != '\x80', file.c_str(),
                     "looks like a PyTorch pickle, which ", convert);
  check<FormatError>(magic != "GGUF", file.c_str(), "is a GGUF file; mosaic reads safetensors");
}

void save_model(const fs::path& directory, nn::Seq2Seq& model, const data::Subwords& subwords,
                const ModelFacts& facts, bool overwrite) {
  const fs::path config_file = directory / "config.json";
  const bool has_model = fs::exists(config_file);
  check<UsageError>(!has_model || overwrite, directory.c_str(), "holds a model already: --force replaces it");
  if (!has_model && fs::exists(directory) && !(fs::is_directory(directory) && fs::is_empty(directory)))
    throw UsageError(directory.string(), "exists and holds no model of mosaic: choose another directory");
  fs::remove(config_file);
  subwords.save(directory / "subwords.model");
  save_safetensors(directory / "model.safetensors", nn::state_dict(model),
                   {{"format", "pt"}, {"mosaic", version_text()}});
  json config = {{"format", "mosaic-model"}, {"version", model_version}, {"model", model.config().to_json()}};
  config.update(facts_json(facts, subwords));
  config["weights"] = {{"xxh3", hash_file(directory / "model.safetensors")}};
  save_json(config_file, config);
}

StaticModel open_model(const fs::path& directory) {
  refuse_foreign_weights(directory);
  const fs::path config_file = directory / "config.json", weights_file = directory / "model.safetensors";
  check<ResourceError>(fs::is_directory(directory), directory.c_str(),
                       "is no model directory; mosaic extract makes one");
  check<ResourceError>(fs::exists(config_file), directory.c_str(),
                       "is no model directory (it has no config.json); mosaic extract makes one");
  const json config = load_json(config_file);
  Fields fields(config, config_file.string());
  fields.one_of("format", {"mosaic-model"});
  fields.integer("version", 1, model_version);
  data::Subwords subwords = data::Subwords::load(directory / "subwords.model");
  ModelFacts facts = facts_from(fields, directory, subwords.hash());
  const nn::TransformerConfig sizes =
      nn::TransformerConfig::from_json(fields.object("model"), config_file.string() + ": model");
  Fields weights(fields.object("weights"), config_file.string() + ": weights");
  const std::string expected = weights.text("xxh3"), found = hash_file(weights_file);
  weights.finish();
  fields.finish();
  for (const int64_t rows : {sizes.source_vocabulary, sizes.target_vocabulary})
    check<FormatError>(rows >= subwords.size(), config_file.c_str(), "the model has ", rows,
                       " vocabulary entries, subwords.model has ", subwords.size());
  check<FormatError>(found == expected, weights_file.c_str(), "has changed: its hash is ", found,
                     ", config.json says ", expected);
  auto model = std::make_unique<nn::Seq2Seq>(sizes);
  const SafetensorsFile file(weights_file);
  const nn::StateDict tensors = file.tensors();
  nn::load(*model, tensors);
  warn_of_bad_numbers(tensors, weights_file);
  return {
      .model = std::move(model), .subwords = std::move(subwords), .facts = std::move(facts), .hash = found};
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
  const fs::path config_file = run / "supernet.json";
  check<ResourceError>(fs::exists(config_file), run.c_str(),
                       "holds no supernet (no supernet.json); mosaic train --out ", run.string(),
                       " makes one");
  const json config = load_json(config_file);
  Fields fields(config, config_file.string());
  fields.one_of("format", {"mosaic-supernet-run"});
  fields.integer("version", 1, model_version);
  data::Subwords subwords = data::Subwords::load(run / "subwords.model");
  ModelFacts facts = facts_from(fields, run, subwords.hash());
  auto supernet = mos::Supernet::from_json(fields.object("supernet"), config_file.string() + ": supernet");
  fields.finish();
  fs::path from;
  const nn::StateDict weights = checkpoint_weights(run, which, &from);
  nn::load(*supernet, weights);
  warn_of_bad_numbers(weights, from);
  std::string hashes = which;
  if (which == "average")
    for (const fs::path& folder : numbered_checkpoints(run))
      hashes += hash_file(folder / "model.safetensors");
  else
    hashes += hash_file(from / "model.safetensors");
  return {.supernet = std::move(supernet),
          .subwords = std::move(subwords),
          .facts = std::move(facts),
          .checkpoint = from,
          .hash = hash_bytes(hashes)};
}

std::vector<fs::path> numbered_checkpoints(const fs::path& run) {
  const nn::CheckpointStore store(run / "checkpoints");
  std::vector<fs::path> folders;
  for (const int64_t step : store.steps()) folders.push_back(store.path_of(step));
  return folders;
}

nn::StateDict checkpoint_weights(const fs::path& run, const std::string& which, fs::path* from) {
  const std::vector<fs::path> numbered = numbered_checkpoints(run);
  const fs::path best = nn::CheckpointStore(run / "checkpoints").path_of("best");
  check<ResourceError>(!numbered.empty() || fs::exists(best), run.c_str(), "has no checkpoint yet");
  fs::path chosen = which == "best" && fs::exists(best) ? best : numbered.empty() ? best : numbered.back();
  if (from != nullptr) *from = chosen;
  if (which == "average" && !numbered.empty()) return nn::average_checkpoints(numbered);
  return nn::load_checkpoint(chosen).model;
}

}  // namespace mosaic::apps
