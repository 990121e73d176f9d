// A translation architecture with its choices as typed fields, for whoever builds or counts one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mos/space.h"

namespace mosaic::mos {

// The sizes of an encoder-decoder network of a "seq2seq" space. Lists have one entry an active layer.
struct TranslationArch {
  struct Encoder {
    int64_t embed = 0, layers = 0;
    std::vector<int64_t> ffn, heads;
  } encoder;
  struct Decoder {
    int64_t embed = 0, layers = 0;
    std::vector<int64_t> ffn, self_heads, cross_heads, arbitrary;
  } decoder;
  int64_t qkv_dim = 0;  // width of queries, keys and values in every attention, never elastic
};

// ArgumentError unless the space is a "seq2seq" space and the architecture is of it.
TranslationArch translation(const Space& space, const Arch& arch);
// The sizes of the supernet that holds every architecture of the space.
TranslationArch super_translation(const Space& space);

// How many encoder outputs a decoder layer attends to: 1 for -1 (the last encoder layer only), 2 and 3 for
// HAT's 1 and 2 (also the second and third last). Their keys lie one after another on the time axis.
int64_t memory_members(int64_t arbitrary);

// FormatError unless the space has exactly HAT's ten choices with values a network can be built from. Called
// when a "seq2seq" space is read.
void check_translation_space(const Space& space, const std::string& origin);

}  // namespace mosaic::mos
