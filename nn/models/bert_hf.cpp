// The tensors of transformers' BERT.
#include <array>
#include <cstring>
#include <map>
#include <utility>

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"
#include "nn/models/bert_hf.h"

namespace mosaic::nn {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;  // our name, theirs

constexpr std::string_view prefix = "bert.";
constexpr std::string_view layers_here = "encoder.layers.", layers_there = "encoder.layer.";

constexpr std::array<Pair, 9> outer_names{{{"embeddings.word.", "embeddings.word_embeddings."},
                                           {"embeddings.position.", "embeddings.position_embeddings."},
                                           {"embeddings.type.", "embeddings.token_type_embeddings."},
                                           {"embeddings.norm.", "embeddings.LayerNorm."},
                                           {"mlm.dense.", "cls.predictions.transform.dense."},
                                           {"mlm.norm.", "cls.predictions.transform.LayerNorm."},
                                           {"mlm.bias", "cls.predictions.bias"},
                                           {"classifier.pooler.", "pooler.dense."},
                                           {"classifier.output.", "classifier."}}};
constexpr std::array<Pair, 8> layer_names{{{"self_attention.query.", "attention.self.query."},
                                           {"self_attention.key.", "attention.self.key."},
                                           {"self_attention.value.", "attention.self.value."},
                                           {"self_attention.output.", "attention.output.dense."},
                                           {"self_attention_norm.", "attention.output.LayerNorm."},
                                           {"ffn.fc1.", "intermediate.dense."},
                                           {"ffn.fc2.", "output.dense."},
                                           {"ffn_norm.", "output.LayerNorm."}}};

template <size_t N>
std::string renamed(std::string_view name, const std::array<Pair, N>& names) {
  for (const auto& [here, there] : names)
    if (name.starts_with(here)) return cat(there, name.substr(here.size()));
  throw ArgumentError("bert_hf", cat(name, " has no name in transformers"));
}

// transformers' name without the leading "bert.", which files have or have not.
std::string bare_name(std::string_view name) {
  if (!name.starts_with(layers_here)) return renamed(name, outer_names);
  const std::string_view rest = name.substr(layers_here.size());  // "3.ffn.fc1.weight"
  const size_t dot = rest.find('.');
  return cat(layers_there, rest.substr(0, dot + 1), renamed(rest.substr(dot + 1), layer_names));
}

bool of_head(std::string_view bare) {
  return bare.starts_with("cls.") || bare.starts_with("classifier.");
}
std::string full_name(const std::string& bare) {
  return of_head(bare) ? bare : cat(prefix, bare);
}

Tensor zero_padded(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Tensor padded = Tensor::zeros(shape, x.dtype());
  Tensor inner = padded;
  for (int axis = 0; axis < x.rank(); ++axis) inner = slice(inner, axis, 0, x.dim(axis));
  copy_(inner, x);
  return padded;
}

// Tensors of a file by bare names, norms named as today.
class Tensors {
 public:
  explicit Tensors(const SafetensorsFile& file) : file_(file) {
    for (const SafetensorsEntry& entry : file.entries()) {
      const auto [known, fresh] = by_name_.emplace(today(entry.name), &entry);
      if (!fresh)
        throw FormatError(file.path(), cat(entry.name, " and ", known->second->name, " are the same tensor"));
      prefixed_ = prefixed_ || entry.name.starts_with(prefix);
    }
  }

  bool any(std::string_view start) const {
    const auto found = by_name_.lower_bound(start);
    return found != by_name_.end() && found->first.starts_with(start);
  }
  // The tensor, which then counts as used. ShapeError, FormatError; undefined when it is missing.
  Tensor take(const std::string& bare, const Shape& shape) {
    const auto found = by_name_.find(bare);
    if (found == by_name_.end()) {
      missing_.push_back(prefixed_ ? full_name(bare) : bare);
      return {};
    }
    const SafetensorsEntry& entry = *found->second;
    if (entry.shape != shape)
      throw ShapeError(file_.path(),
                       cat(entry.name, " is ", entry.shape, ", by config.json it must be ", shape));
    if (entry.dtype != "F32")
      throw FormatError(file_.path(), cat(entry.name, " is ", entry.dtype,
                                          ", it must be F32; in Python, model.float().save_pretrained(...) "
                                          "converts a model"));
    by_name_.erase(found);
    return file_.tensor(entry.name);
  }
  void ignore(std::string_view start) {
    std::erase_if(by_name_, [&](const auto& item) { return item.first.starts_with(start); });
  }
  // A copy of another tensor that files may hold or not.
  void take_tied(const std::string& bare, const Tensor& same, const std::string& of) {
    if (!by_name_.contains(bare)) return;
    const Tensor given = take(bare, same.shape());
    const size_t bytes = static_cast<size_t>(same.numel() * size_of(same.dtype()));
    if (std::memcmp(given.raw(), same.raw(), bytes) != 0)
      throw FormatError(file_.path(), cat(bare, " differs from ", prefixed_ ? full_name(of) : of,
                                          "; only models that tie them are read"));
  }
  void finish() const {
    std::vector<std::string> unknown;
    for (const auto& item : by_name_) unknown.push_back(item.second->name);
    if (!missing_.empty())
      throw FormatError(file_.path(),
                        cat("has no ", missing_.front(), more(missing_), near(missing_.front(), unknown)));
    if (!unknown.empty())
      throw FormatError(file_.path(), cat("has ", unknown.front(), more(unknown),
                                          ", which the model of config.json has not"));
  }

 private:
  static std::string today(std::string_view name) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    for (const auto& [old, now] :
         {Pair{"LayerNorm.gamma", "LayerNorm.weight"}, Pair{"LayerNorm.beta", "LayerNorm.bias"}})
      if (name.ends_with(old)) return cat(name.substr(0, name.size() - old.size()), now);
    return std::string(name);
  }
  static std::string more(const std::vector<std::string>& names) {
    return names.size() == 1 ? "" : cat(" and ", names.size() - 1, " more");
  }
  static std::string near(const std::string& name, const std::vector<std::string>& others) {
    const std::string other = nearest(name, others);
    return other.empty() ? "" : cat("; is ", other, " meant?");
  }

  const SafetensorsFile& file_;
  std::map<std::string, const SafetensorsEntry*, std::less<>> by_name_;
  bool prefixed_ = false;
  std::vector<std::string> missing_;
};

}  // namespace

StateDict hf_tensors(Bert& model) {
  const NoGrad quiet;
  const auto widest = hf_config(model.config()).at("intermediate_size").get<int64_t>();
  StateDict tensors;
  for (const auto& [name, tensor] : state_dict(model)) {
    Shape shape = tensor.shape();
    if (name.find(".ffn.fc1.") != name.npos) {
      shape = tensor.rank() == 1 ? Shape{widest} : Shape{widest, tensor.dim(1)};
    } else if (name.ends_with(".ffn.fc2.weight")) {
      shape = {tensor.dim(0), widest};
    }
    tensors[full_name(bare_name(name))] = zero_padded(tensor.to(f32), shape);
  }
  return tensors;
}

HfBert read_hf(const json& config, const SafetensorsFile& file, const std::string& where) {
  Tensors tensors(file);
  const HfHeads heads{.mlm = tensors.any("cls.predictions."), .classifier = tensors.any("classifier.")};
  HfConfig read = read_hf_config(config, heads, where);
  HfBert result{.config = std::move(read.config), .weights = {}, .labels = std::move(read.labels)};
  Bert model(result.config);  // for its names and shapes; the parameters stay undefined
  for_each_parameter(model, [&](const Slot& slot) {
    const Tensor tensor = tensors.take(bare_name(slot.name), slot.shape);
    if (tensor.defined()) result.weights[slot.name] = tensor;
  });
  if (heads.mlm && result.weights.contains("embeddings.word.weight") && result.weights.contains("mlm.bias")) {
    tensors.take_tied("cls.predictions.decoder.weight", result.weights["embeddings.word.weight"],
                      bare_name("embeddings.word.weight"));
    tensors.take_tied("cls.predictions.decoder.bias", result.weights["mlm.bias"], bare_name("mlm.bias"));
  }
  for (const char* unused : {"embeddings.position_ids", "cls.seq_relationship.", "pooler.dense."})
    tensors.ignore(unused);
  tensors.finish();
  return result;
}

}  // namespace mosaic::nn
