// What is known of this machine's caches, for choices of how work is cut. No bit of a result may depend on
// it.
#pragma once

#include <cstdint>

namespace mosaic::kernels {

// Bytes of a core's second-level cache as the system states them, but at least 256 KB and at most 2 MB; 1 MB
// where it does not. The same for the life of the process.
int64_t second_level_bytes();

}  // namespace mosaic::kernels
