// Bands around blocks of memory, for finding kernels that write outside of their tensors or read what nobody
// wrote.
#pragma once

#include <string>
#include <vector>

#include "engine/core/allocator.h"

namespace mosaic {

// From now on every block of the device's allocator comes fresh from the device, is filled with NaN, and lies
// between two bands of a pattern. Slow: every request and release copies to and from the device. Forgets
// earlier breaches. One device at a time: ArgumentError while another is guarded.
void guard(Device device);
// Ends it; blocks still in use are looked at when they are given back.
void unguard(Device device);
// "3 bytes after a block of 396 were written over", of blocks given back since guard() and of those still in
// use.
std::vector<std::string> breaches(Device device);

// For the allocator.
namespace guards {

inline constexpr size_t band_bytes = 256;  // as far as the alignment of any device's memory asks for
// Whether new blocks of this allocator lie between bands.
bool active(const Allocator& allocator);
// Makes of `raw`, which has room for two bands more, a block of `bytes` between them; returns the block.
void* surround(void* raw, size_t bytes);
// When the block lies between bands: looks at them, forgets the block and returns what surround() was given.
// Null for any other.
void* take(void* data);

}  // namespace guards

}  // namespace mosaic
