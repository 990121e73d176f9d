// A BERT architecture with its choices as typed fields, for whoever builds or counts one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mos/space.h"

namespace mosaic::mos {

// The sizes of an encoder of a "bert" space. With bottlenecks every layer has a width of its own and the
// stream between layers keeps its width (SuperShaper); without them all layers have the stream's.
struct BertArch {
  struct Layer {
    int64_t hidden, heads, ffn;
    bool operator==(const Layer&) const = default;
  };
  int64_t stream = 0;  // width of embeddings, of what goes from layer to layer, and of the heads
  bool bottlenecks = false;
  std::vector<Layer> layers;
};

// ArgumentError unless the space is a "bert" space and the architecture is of it.
BertArch bert_arch(const Space& space, const Arch& arch);
// The sizes of the supernet that holds every architecture of the space.
BertArch super_bert_arch(const Space& space);

// FormatError unless encoders can be built from the space. Called when a "bert" space is read.
//   hidden   a choice: one value, or one a layer when the fixed size "stream" gives bottlenecks
//   heads    a choice or a fixed size; must divide every hidden size
//   ffn      a choice or a fixed size; or ratio in its place: the feed-forward width is floor(ratio * hidden)
//   layers   a choice or a fixed size; or the length of the lists
//   vocabulary  fixed: the word pieces that the paper's parameter rule counts
void check_bert_space(const Space& space, const std::string& origin);

}  // namespace mosaic::mos
