#include "apps/common/model_files.h"

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

void begin_model_directory(const fs::path& directory, bool overwrite) {
  const bool has_model = fs::exists(directory / "config.json");
  check<UsageError>(!has_model || overwrite, directory.c_str(), "holds a model already: --force replaces it");
  if (!has_model && fs::exists(directory) && !(fs::is_directory(directory) && fs::is_empty(directory)))
    throw UsageError(directory.string(), "exists and holds no model of mosaic: choose another directory");
  fs::remove(directory / "config.json");
}

json save_weights(const fs::path& directory, nn::Module& model) {
  const fs::path file = directory / "model.safetensors";
  save_safetensors(file, nn::state_dict(model), {{"format", "pt"}, {"mosaic", version_text()}});
  return {{"xxh3", hash_file(file)}};
}

json load_model_config(const fs::path& directory) {
  refuse_foreign_weights(directory);
  check<ResourceError>(fs::is_directory(directory), directory.c_str(),
                       "is no model directory; mosaic extract makes one");
  check<ResourceError>(fs::exists(directory / "config.json"), directory.c_str(),
                       "is no model directory (it has no config.json); mosaic extract makes one");
  return load_json(directory / "config.json");
}

nn::StateDict load_weights(const fs::path& directory, Fields& config, std::string& hash) {
  const fs::path file = directory / "model.safetensors";
  Fields weights(config.object("weights"), config.where() + ": weights");
  const std::string expected = weights.text("xxh3");
  weights.finish();
  hash = hash_file(file);
  check<FormatError>(hash == expected, file.c_str(), "has changed: its hash is ", hash, ", config.json says ",
                     expected);
  nn::StateDict tensors = SafetensorsFile(file).tensors();
  warn_of_bad_numbers(tensors, file);
  return tensors;
}

json load_supernet_config(const fs::path& run) {
  const fs::path file = run / "supernet.json";
  check<ResourceError>(fs::exists(file), run.c_str(),
                       "holds no supernet (no supernet.json); mosaic train --out ", run.string(),
                       " makes one");
  return load_json(file);
}

std::string supernet_kind(const fs::path& run) {
  const json config = load_supernet_config(run);
  const std::string where = (run / "supernet.json").string();
  Fields fields(config, where);
  Fields supernet(fields.object("supernet"), where + ": supernet");
  return supernet.one_of("format", {"mosaic-supernet", "mosaic-super-bert"}) == "mosaic-super-bert"
             ? "bert"
             : "seq2seq";
}

std::string model_kind(const fs::path& directory) {
  const json config = load_model_config(directory);
  const std::string where = (directory / "config.json").string();
  Fields fields(config, where);
  if (fields.has("model_type")) return fields.one_of("model_type", {"bert"});
  return fields.one_of("format", {"mosaic-model", "mosaic-bert"}) == "mosaic-bert" ? "bert" : "seq2seq";
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

std::string checkpoint_hash(const fs::path& run, const std::string& which, const fs::path& from) {
  std::string hashes = which;
  if (which == "average")
    for (const fs::path& folder : numbered_checkpoints(run))
      hashes += hash_file(folder / "model.safetensors");
  else
    hashes += hash_file(from / "model.safetensors");
  return hash_bytes(hashes);
}

void warn_of_bad_numbers(const nn::StateDict& weights, const fs::path& where) {
  for (const auto& [name, count] : nn::non_finite(weights))
    warn(where.string(), ": ", name, " has ", count, " numbers that are not finite");
}

void refuse_foreign_weights(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return;
  std::ifstream in(file, std::ios::binary);
  char start[9] = {};
  in.read(start, sizeof start);
  if (start[8] == '{') return;  // safetensors, whose first 8 bytes are a length and may be any
  const std::string_view magic(start, 4);
  const char* convert =
      "is not read because loading it can run code; in Python, safetensors.torch.save_file(state_dict, "
      "\"model.safetensors\") converts it";
  check<FormatError>(!magic.starts_with("PK\x03\x04") && start[0] != '\x80', file.c_str(),
                     "looks like a PyTorch pickle, which ", convert);
  check<FormatError>(magic != "GGUF", file.c_str(), "is a GGUF file; mosaic reads safetensors");
}

}  // namespace mosaic::apps
