#include "mos/bert_arch.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/core/error.h"

namespace mosaic::mos {

namespace {

bool has_fixed(const Space& space, std::string_view name) {
  const auto& sizes = space.fixed_sizes();
  return std::any_of(sizes.begin(), sizes.end(), [&](const auto& size) { return size.first == name; });
}

void need_bert(const Space& space) {
  check(space.model() == "bert", "bert_arch", "space \"", space.name(), "\" is a ", space.model(), " space");
}

// Sizes from what is looked up by name and layer: an architecture's values or the supernet's.
template <class Value>
BertArch sizes_of(const Space& space, int64_t layers, const Value& chosen) {
  const auto value = [&](const char* name, int64_t layer) {
    return space.has(name) ? chosen(space.choice(name), layer) : space.fixed(name);
  };
  const bool by_ratio = space.has("ratio") || has_fixed(space, "ratio");
  BertArch sizes;
  sizes.bottlenecks = has_fixed(space, "stream");
  for (int64_t i = 0; i < layers; ++i) {
    const double hidden = value("hidden", i);
    const double ffn = by_ratio ? std::floor(value("ratio", i) * hidden) : value("ffn", i);
    sizes.layers.push_back({.hidden = static_cast<int64_t>(hidden),
                            .heads = static_cast<int64_t>(value("heads", i)),
                            .ffn = static_cast<int64_t>(ffn)});
  }
  sizes.stream = sizes.bottlenecks ? static_cast<int64_t>(space.fixed("stream")) : sizes.layers[0].hidden;
  return sizes;
}

// The number of layers that no choice decides: fixed, or the length of the lists; 0 when there is neither.
int64_t given_depth(const Space& space) {
  if (has_fixed(space, "layers")) return static_cast<int64_t>(space.fixed("layers"));
  for (const Choice& c : space.choices())
    if (c.list) return c.repeat;
  return 0;
}

}  // namespace

BertArch bert_arch(const Space& space, const Arch& arch) {
  need_bert(space);
  if (const auto reason = space.why_not(arch))
    throw ArgumentError("bert_arch", "the architecture is not of space \"" + space.name() + "\": " + *reason);
  const int64_t layers = space.has("layers") ? arch.integer("layers") : given_depth(space);
  return sizes_of(space, layers,
                  [&](const Choice& c, int64_t layer) { return arch.value(c.name, c.list ? layer : 0); });
}

BertArch super_bert_arch(const Space& space) {
  need_bert(space);
  const int64_t layers =
      space.has("layers") ? static_cast<int64_t>(space.choice("layers").super) : given_depth(space);
  return sizes_of(space, layers, [](const Choice& c, int64_t) { return c.super; });
}

void check_bert_space(const Space& space, const std::string& origin) {
  const auto need = [&](bool ok, const std::string& message) {
    if (!ok) throw FormatError(origin, message);
  };
  static const std::set<std::string> choices = {"hidden", "heads", "ffn", "ratio", "layers"},
                                     fixed = {"stream", "heads", "ffn", "ratio", "layers", "vocabulary"};
  for (const auto& [name, size] : space.fixed_sizes()) {
    need(fixed.contains(name), cat("fixed.", name, " is no size of a bert space"));
    need(!space.has(name), cat(name, " is both a choice and a fixed size"));
    need(name == "ratio" || (std::floor(size) == size && size >= 1 && size <= 1 << 24),
         cat("fixed.", name, ": sizes must be positive integers, got ", number_text(size)));
  }
  const auto known = [&](const char* name) { return space.has(name) || has_fixed(space, name); };
  need(space.has("hidden"), "a bert space needs the choice hidden");
  need(known("heads"), "a bert space needs heads, a choice or a fixed size");
  need(known("ffn") != known("ratio"), "a bert space needs one of ffn and ratio");
  need(has_fixed(space, "vocabulary"), "a bert space needs fixed.vocabulary");
  const int64_t depth = given_depth(space);
  need(space.has("layers") || depth > 0, "a bert space needs layers, a choice or a fixed size");
  for (const Choice& c : space.choices()) {
    need(choices.contains(c.name), cat("a bert space has no choice ", c.name));
    for (const double v : c.values) {
      need(v > 0 && c.super <= 1 << 20, cat(c.name, ": ", number_text(v), " is not a size"));
      need(c.name == "ratio" || (std::floor(v) == v && std::floor(c.super) == c.super),
           cat(c.name, ": sizes must be integers"));
    }
    if (c.name == "layers") {
      need(!c.list && c.super == c.largest(), "layers must be one value, and super its largest");
    } else if (c.list) {
      need(has_fixed(space, "stream"), cat(c.name, " differs between layers, which needs fixed.stream"));
      need(space.has("layers") ? c.per == "layers" : c.per.empty() && c.repeat == depth,
           cat(c.name, " must have one value for each of the layers"));
    }
  }
  const std::vector<double> heads =
      space.has("heads") ? space.choice("heads").values : std::vector<double>{space.fixed("heads")};
  for (const double hidden : space.choice("hidden").values)
    for (const double count : heads)
      need(std::fmod(hidden, count) == 0,
           cat("heads: ", number_text(count), " heads do not divide the hidden size ", number_text(hidden)));
  for (const BertArch::Layer& layer : bert_arch(space, space.smallest()).layers)
    need(layer.ffn >= 1, "ratio: the narrowest feed-forward block has no unit");
}

}  // namespace mosaic::mos
