// BERT models as directories of Hugging Face's transformers, to be opened there and here:
//   config.json            sizes, heads, labels
//   model.safetensors      weights by transformers' names
//   vocab.txt, tokenizer.json, tokenizer_config.json, special_tokens_map.json     the WordPiece vocabulary
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/text/wordpiece.h"
#include "nn/models/bert.h"

namespace mosaic::apps {

// Whether the path is a directory whose config.json names a model_type, as all of transformers do; false also
// when config.json cannot be read.
bool is_hf_directory(const std::filesystem::path& directory);

// Writes the directory, config.json last. `labels` name the classifier's outputs; empty: LABEL_0, LABEL_1,
// ... UsageError, before anything is touched, when the directory holds a model already and `overwrite` is not
// set, or holds any file that is not written here (which `overwrite` would leave beside the new model), and
// when transformers cannot hold model or vocabulary, with the reason; ArgumentError for labels that do not
// fit; FormatError when the vocabulary has more tokens than the model rows, or another id of [PAD].
void save_hf_bert(const std::filesystem::path& directory, nn::Bert& model, const data::WordPiece& wordpiece,
                  const std::vector<std::string>& labels, bool overwrite);

struct HfBertModel {
  std::unique_ptr<nn::Bert> model;
  data::WordPiece wordpiece;
  std::vector<std::string> labels;  // of the classifier's outputs, empty without one
};
// The model, which may have more rows of word embeddings than there are tokens. Warns about weights that are
// not finite. ResourceError for files that are missing; FormatError and ShapeError of nn::read_hf,
// data::load_bert_tokenizer and WordPiece::check_rows, and for weights in pickles or in several files.
HfBertModel open_hf_bert(const std::filesystem::path& directory);

}  // namespace mosaic::apps
