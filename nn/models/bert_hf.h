// Bert as the "bert" models of Hugging Face's transformers: the fields of their config.json and the names of
// their tensors, written and read.
//
// A model read from there computes what transformers computes: exact GELU, absolute positions, one width, the
// MLM head's last matrix tied to the word table. Whatever else a directory may say is refused by name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"
#include "nn/models/bert.h"

namespace mosaic::nn {

// One sentence why transformers' BertModel cannot hold a model of these sizes, nothing when it can. Layers
// whose feed-forward widths differ can be held (see hf_tensors); bottlenecks and differing heads cannot.
std::optional<std::string> why_not_hf(const BertConfig& config);

// The config.json for these sizes: BertForMaskedLM and BertForSequenceClassification by the heads there are,
// BertModel without any. `labels` name the classifier's outputs; none given: LABEL_0, LABEL_1, ... Attention
// dropout is the layers' own rate, so a sub-network's is written as scaled. ArgumentError when why_not_hf()
// has a reason, or for labels of another number than outputs or given twice.
json hf_config(const BertConfig& config, const std::vector<std::string>& labels = {});

// The parameters under transformers' names, in single precision. Feed-forward layers narrower than the widest
// are padded with zeros, rows of fc1 and its bias and columns of fc2: the same function, as gelu(0) = 0. The
// tied matrix and bias of cls.predictions.decoder are left out, as transformers does. ArgumentError when
// why_not_hf() has a reason.
StateDict hf_tensors(Bert& model);

// Which heads a file of tensors has.
struct HfHeads {
  bool mlm = false, classifier = false;
};

struct HfConfig {
  BertConfig config;
  std::vector<std::string> labels;  // of the classifier's outputs in order, empty without one
};
// The sizes that a config.json gives a model with these heads. Fields that change nothing (use_cache,
// initializer_range, torch_dtype, label2id, ...) are not looked at; those that are missing mean what they
// mean in transformers, but the five sizes must be there. FormatError naming `where` (the file), the key,
// what it was and what it must be, for another model_type, architecture, activation or kind of positions, for
// decoders, untied, pruned or quantized models, and for values out of range.
HfConfig read_hf_config(const json& value, const HfHeads& heads, const std::string& where);

struct HfBert {
  BertConfig config;
  StateDict weights;  // by Bert's names, views of the file; load() copies them
  std::vector<std::string> labels;
};
// A model of transformers: `config` is its config.json, read from `where`. Encoder tensors may be named with
// or without "bert.", norms weight and bias or gamma and beta. There is an MLM head when the file has
// cls.predictions.*, a classifier when it has classifier.*; the pooler belongs to the classifier and is not
// read without one, nor are position_ids and cls.seq_relationship. Errors of read_hf_config; ShapeError with
// both shapes; FormatError naming the tensor that is missing, unknown, given twice or not F32, and for a
// decoder that is not the word table.
HfBert read_hf(const json& config, const SafetensorsFile& file, const std::string& where);

}  // namespace mosaic::nn
