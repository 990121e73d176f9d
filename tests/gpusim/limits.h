// What the simulated device is: with the limits of compute capability 9.0, and a small number of
// multiprocessors.
#pragma once

#include <cstddef>

namespace gpusim::limits {

inline constexpr int multiprocessors = 16;
inline constexpr int warp = 32;
inline constexpr int threads_per_block = 1024, threads_per_multiprocessor = 2048;
inline constexpr int block_xy = 1024, block_z = 64;
inline constexpr int grid_x = 2147483647, grid_yz = 65535;
inline constexpr int blocks_per_multiprocessor = 32;
inline constexpr int registers = 65536;  // of a block, and of a multiprocessor
// Shared memory in bytes; more than the first only where cudaFuncSetAttribute asked for it.
inline constexpr size_t shared_per_block = 48 << 10, shared_opt_in = 227 << 10;
inline constexpr size_t shared_per_multiprocessor = 228 << 10, shared_reserved = 1 << 10;
inline constexpr size_t constant = 64 << 10;
inline constexpr size_t l2_cache = size_t{50} << 20;
inline constexpr size_t pitch_alignment = 512;

}  // namespace gpusim::limits
