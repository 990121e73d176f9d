// Architectures as vectors of numbers: what routers and latency predictors see.
#pragma once

#include <vector>

#include "mos/space.h"

namespace mosaic::mos {

// coarse: one value a choice, the mean over active layers divided by the space's normaliser (HAT's ten
// features in its translation spaces), unless the space names features of its own (BERT's: one value a layer
// with bottlenecks; hidden size, heads and feed-forward width without). Two architectures with the same means
// are encoded alike. fine: one value a gene, zero for inactive layers (40 values in HAT's WMT space); tells
// every two apart. In both, arbitrary attention -1, 1, 2 counts as 1, 2, 3 members.
enum class Encoding { coarse, fine };

int64_t encoding_size(const Space& space, Encoding encoding);
// ArgumentError unless the architecture is of the space.
std::vector<double> encode(const Space& space, const Arch& arch, Encoding encoding = Encoding::coarse);

const char* encoding_name(Encoding encoding);      // "coarse", "fine"
Encoding encoding_named(const std::string& name);  // ArgumentError for another word

}  // namespace mosaic::mos
