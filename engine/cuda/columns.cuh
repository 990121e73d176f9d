// Reductions over n of {outer, n, cols}: neighbouring lanes take neighbouring columns, so rows are read along
// their dense axis.
#pragma once

#include "engine/cuda/launch.cuh"

namespace mosaic::kernels::MOSAIC_ISA {

// A value a lane, word by word: neighbouring lanes use neighbouring banks whatever the type.
template <class T>
struct LaneWords {
  static constexpr int count = sizeof(T) / sizeof(uint32_t);
  uint32_t words[count][warp_lanes];

  __device__ __forceinline__ void set(int lane, const T& value) {
    uint32_t own[count];
    __builtin_memcpy(own, &value, sizeof value);
#pragma unroll
    for (int w = 0; w < count; ++w) words[w][lane] = own[w];
  }
  __device__ __forceinline__ T get(int lane) const {
    uint32_t own[count];
#pragma unroll
    for (int w = 0; w < count; ++w) own[w] = words[w][lane];
    T value;
    __builtin_memcpy(&value, own, sizeof value);
    return value;
  }
};

// A block works on 32 columns: 8 threads a column take every eighth row, and what they come to is joined in
// order. A Column has: Part, part(o, c, first row, step), joined(part, later part), put(o, c, part).
template <class Column>
__global__ void __launch_bounds__(threads_per_block, 2)
    columns_kernel(int64_t outer, int64_t cols, Column column) {
  using Part = typename Column::Part;
  __shared__ LaneWords<Part> parts[warps_per_block];
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes,
            line = static_cast<int>(threadIdx.x) / warp_lanes;
  const int64_t tiles = (cols + warp_lanes - 1) / warp_lanes;
  for (int64_t tile = blockIdx.x; tile < outer * tiles; tile += gridDim.x) {
    const int64_t o = tile / tiles, c = (tile - o * tiles) * warp_lanes + lane;
    Part part{};
    if (c < cols) part = column.part(o, c, line, warps_per_block);
    parts[line].set(lane, part);
    __syncthreads();
    if (line == 0 && c < cols) {
#pragma unroll
      for (int k = 1; k < warps_per_block; ++k) part = Column::joined(part, parts[k].get(lane));
      column.put(o, c, part);
    }
    __syncthreads();
  }
}

template <class Column>
void reduce_columns(int64_t outer, int64_t cols, const Column& column) {
  const int64_t tiles = outer * ((cols + warp_lanes - 1) / warp_lanes);
  if (tiles == 0) return;
  columns_kernel<<<blocks_for(tiles, 1), threads_per_block, 0, cuda::stream()>>>(outer, cols, column);
  cuda::launched(typeid(Column));
}

}  // namespace mosaic::kernels::MOSAIC_ISA
