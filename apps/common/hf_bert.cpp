#include "apps/common/hf_bert.h"

#include <algorithm>

#include "apps/common/model_files.h"
#include "apps/common/text.h"
#include "apps/common/version.h"
#include "data/text/bert_tokenizer_files.h"
#include "engine/core/json.h"
#include "engine/io/safetensors.h"
#include "nn/models/bert_hf.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

void check_vocabulary(const data::WordPiece& wordpiece, const nn::BertConfig& config, const fs::path& where) {
  wordpiece.check_rows(config.vocabulary, where.string());
  check<FormatError>(wordpiece.pad() == config.padding, where.c_str(), "pads with id ", config.padding,
                     ", in the vocabulary [PAD] is ", wordpiece.pad());
}

// What would stay beside a new model and be read with it: added_tokens.json, another kind of weights.
void refuse_foreign_files(const fs::path& directory) {
  if (!fs::is_directory(directory)) return;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    const auto& others = data::bert_tokenizer_files;
    const bool ours = name == "config.json" || name == "model.safetensors" ||
                      std::find(std::begin(others), std::end(others), name) != std::end(others);
    check<UsageError>(ours, directory.c_str(), "holds ", name,
                      ", which is no part of what is written: choose another directory");
  }
}

fs::path weights_of(const fs::path& directory) {
  const fs::path file = directory / "model.safetensors";
  if (fs::exists(file)) return file;
  refuse_foreign_weights(directory / "pytorch_model.bin");
  check<FormatError>(!fs::exists(directory / "model.safetensors.index.json"), directory.c_str(),
                     "has its weights in several files; in Python, save_pretrained(..., "
                     "max_shard_size=\"100GB\") writes one");
  throw ResourceError(directory.string(), "has no model.safetensors");
}

}  // namespace

bool is_hf_directory(const fs::path& directory) {
  std::error_code error;
  const fs::path config_file = directory / "config.json";
  if (!fs::is_regular_file(config_file, error)) return false;
  try {
    return load_json(config_file).contains("model_type");
  } catch (const Error&) {
    return false;
  }
}

void save_hf_bert(const fs::path& directory, nn::Bert& model, const data::WordPiece& wordpiece,
                  const std::vector<std::string>& labels, bool overwrite) {
  const nn::BertConfig& sizes = model.config();
  auto reason = nn::why_not_hf(sizes);
  if (!reason) reason = data::why_no_bert_tokenizer(wordpiece);
  if (reason) throw UsageError(directory.string(), cat("cannot be written for transformers: ", *reason));
  check_vocabulary(wordpiece, sizes, directory);
  const json config = nn::hf_config(sizes, labels);
  const nn::StateDict tensors = nn::hf_tensors(model);
  refuse_foreign_files(directory);
  begin_model_directory(directory, overwrite);
  data::save_bert_tokenizer(directory, wordpiece, sizes.positions);
  save_safetensors(directory / "model.safetensors", tensors, {{"format", "pt"}, {"mosaic", version_text()}});
  save_json(directory / "config.json", config);
}

HfBertModel open_hf_bert(const fs::path& directory) {
  const fs::path config_file = directory / "config.json";
  check<ResourceError>(fs::exists(config_file), directory.c_str(),
                       "is no model directory of transformers: it has no config.json");
  const json config = load_json(config_file);
  const fs::path weights_file = weights_of(directory);
  const nn::HfBert read = nn::read_hf(config, SafetensorsFile(weights_file), config_file.string());
  data::WordPiece wordpiece = data::load_bert_tokenizer(directory);
  check_vocabulary(wordpiece, read.config, config_file);
  warn_of_bad_numbers(read.weights, weights_file);
  auto model = std::make_unique<nn::Bert>(read.config);
  nn::load(*model, read.weights);
  return {.model = std::move(model), .wordpiece = std::move(wordpiece), .labels = read.labels};
}

}  // namespace mosaic::apps
