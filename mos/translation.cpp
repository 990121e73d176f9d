#include "mos/translation.h"

#include <cmath>

#include "engine/core/error.h"

namespace mosaic::mos {

namespace {

const std::vector<std::string> kChoices = {
    "encoder.embed",  "encoder.layers", "encoder.ffn",        "encoder.heads",       "decoder.embed",
    "decoder.layers", "decoder.ffn",    "decoder.self_heads", "decoder.cross_heads", "decoder.arbitrary"};

std::vector<int64_t> repeated(const Choice& choice) {
  return std::vector<int64_t>(static_cast<size_t>(choice.repeat), static_cast<int64_t>(choice.super));
}

}  // namespace

int64_t memory_members(int64_t arbitrary) {
  return arbitrary < 0 ? 1 : arbitrary + 1;
}

TranslationArch translation(const Space& space, const Arch& arch) {
  check(space.model() == "seq2seq", "translation", "space \"", space.name(), "\" is a ", space.model(),
        " space");
  if (const auto reason = space.why_not(arch))
    throw ArgumentError("translation",
                        "the architecture is not of space \"" + space.name() + "\": " + *reason);
  return {.encoder = {.embed = arch.integer("encoder.embed"),
                      .layers = arch.integer("encoder.layers"),
                      .ffn = arch.integers("encoder.ffn"),
                      .heads = arch.integers("encoder.heads")},
          .decoder = {.embed = arch.integer("decoder.embed"),
                      .layers = arch.integer("decoder.layers"),
                      .ffn = arch.integers("decoder.ffn"),
                      .self_heads = arch.integers("decoder.self_heads"),
                      .cross_heads = arch.integers("decoder.cross_heads"),
                      .arbitrary = arch.integers("decoder.arbitrary")},
          .qkv_dim = static_cast<int64_t>(space.fixed("qkv_dim"))};
}

TranslationArch super_translation(const Space& space) {
  check(space.model() == "seq2seq", "translation", "space \"", space.name(), "\" is a ", space.model(),
        " space");
  const auto size = [&](const char* name) { return static_cast<int64_t>(space.choice(name).super); };
  const auto list = [&](const char* name) { return repeated(space.choice(name)); };
  return {.encoder = {.embed = size("encoder.embed"),
                      .layers = size("encoder.layers"),
                      .ffn = list("encoder.ffn"),
                      .heads = list("encoder.heads")},
          .decoder = {.embed = size("decoder.embed"),
                      .layers = size("decoder.layers"),
                      .ffn = list("decoder.ffn"),
                      .self_heads = list("decoder.self_heads"),
                      .cross_heads = list("decoder.cross_heads"),
                      .arbitrary = list("decoder.arbitrary")},
          .qkv_dim = static_cast<int64_t>(space.fixed("qkv_dim"))};
}

void check_translation_space(const Space& space, const std::string& origin) {
  const auto need = [&](bool ok, const std::string& message) {
    if (!ok) throw FormatError(origin, message);
  };
  need(space.choices().size() == kChoices.size(),
       cat("a seq2seq space has ", kChoices.size(), " choices, found ", space.choices().size()));
  for (size_t i = 0; i < kChoices.size(); ++i) {
    const Choice& c = space.choices()[i];
    need(c.name == kChoices[i],
         cat("choice ", i, " of a seq2seq space is ", kChoices[i], ", found ", c.name));
    const size_t dot = c.name.find('.');
    const std::string key = c.name.substr(dot + 1), depth = c.name.substr(0, dot) + ".layers";
    const bool single = key == "embed" || key == "layers";
    need(single ? !c.list : c.per == depth,
         cat(c.name, single ? " must be one value" : " must be per " + depth));
    need(c.super <= 1 << 20, cat(c.name, ": the super size ", number_text(c.super), " is too large"));
    need(!(key == "layers") || c.super == c.largest(),
         cat(c.name, ": the supernet has exactly the largest depth"));
    for (const double v : c.values) {
      need(std::floor(v) == v && std::floor(c.super) == c.super, cat(c.name, ": sizes must be integers"));
      need(v >= 1 || (key == "arbitrary" && v == -1), cat(c.name, ": ", number_text(v), " is not a size"));
    }
  }
  const double qkv = space.fixed("qkv_dim"), depth = space.choice("encoder.layers").smallest();
  need(std::floor(qkv) == qkv, "fixed.qkv_dim must be an integer");
  for (const char* name : {"encoder.heads", "decoder.self_heads", "decoder.cross_heads"})
    for (const double v : space.choice(name).values)
      need(std::fmod(qkv, v) == 0,
           cat(name, ": ", number_text(v), " heads do not divide qkv_dim ", number_text(qkv)));
  for (const double v : space.choice("decoder.arbitrary").values)
    need(static_cast<double>(memory_members(static_cast<int64_t>(v))) <= depth,
         cat("decoder.arbitrary: ", number_text(v), " reaches deeper than an encoder of ", number_text(depth),
             " layers"));
}

}  // namespace mosaic::mos
