// Copies between layouts whose dense axes differ: tiles go through shared memory, so that both sides are read
// and written along their dense axis.
#pragma once

#include "engine/cuda/loop.cuh"

namespace mosaic::kernels::MOSAIC_ISA {

// y[b, p, q] = x[b, p, q], with x dense along p and y along q. U has the size of the elements.
template <class U>
struct Transposition {
  const U* x;
  U* y;
  int64_t p, q, x_step, y_step;  // x_step: of x along q, y_step: of y along p
  DeviceLoop<2> outer;           // the other axes
};

template <class U>
__global__ void __launch_bounds__(threads_per_block) transpose_kernel(int64_t tiles, Transposition<U> t) {
  constexpr int side = 32, lines = threads_per_block / side;
  // Rows are a word longer: neighbouring lanes read and write different banks.
  constexpr int extra = sizeof(U) < 4 ? 4 / sizeof(U) : 1;
  __shared__ U tile[side][side + extra];
  const int lane = static_cast<int>(threadIdx.x) % side, line = static_cast<int>(threadIdx.x) / side;
  const int64_t across = (t.q + side - 1) / side, down = (t.p + side - 1) / side;
  for (int64_t i = blockIdx.x; i < tiles; i += gridDim.x) {
    const int64_t outer = i / (across * down), inner = i - outer * across * down;
    const int64_t p = inner / across * side, q = inner % across * side;
    int64_t at[2];
    t.outer.locate(static_cast<uint32_t>(outer), at);
#pragma unroll
    for (int k = 0; k < side; k += lines) {
      if (p + lane < t.p && q + line + k < t.q) {
        tile[line + k][lane] = t.x[at[0] + (q + line + k) * t.x_step + p + lane];
      }
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < side; k += lines) {
      if (q + lane < t.q && p + line + k < t.p) {
        t.y[at[1] + (p + line + k) * t.y_step + q + lane] = tile[lane][line + k];
      }
    }
    __syncthreads();
  }
}

// Whether the loop is such a copy, of less than 2^31 elements; then it is made. Small ones are left to
// others.
template <class U>
bool copy_transposed(const Loop<2>& loop, const void* x, void* y) {
  constexpr int64_t smallest = 8;
  const int q_axis = loop.rank - 1;
  int p_axis = -1;
  int64_t n = 1;
  for (int axis = 0; axis < loop.rank; ++axis) {
    n *= loop.sizes[axis];
    if (loop.strides[0][axis] == 1 && axis != q_axis) p_axis = axis;
  }
  if (p_axis < 0 || loop.strides[1][q_axis] != 1 || n >= int64_t{1} << 31) return false;
  Transposition<U> t{static_cast<const U*>(x),
                     static_cast<U*>(y),
                     loop.sizes[p_axis],
                     loop.sizes[q_axis],
                     loop.strides[0][q_axis],
                     loop.strides[1][p_axis],
                     {}};
  if (t.p < smallest || t.q < smallest) return false;
  t.outer.rank = 1;
  t.outer.sizes[0] = 1;
  int rank = 0;
  for (int axis = loop.rank - 1; axis >= 0; --axis) {
    if (axis == p_axis || axis == q_axis) continue;
    t.outer.sizes[rank] = static_cast<uint32_t>(loop.sizes[axis]);
    for (int k = 0; k < 2; ++k) t.outer.strides[k][rank] = loop.strides[k][axis];
    t.outer.rank = ++rank;
  }
  const int64_t tiles = (t.p + 31) / 32 * ((t.q + 31) / 32) * (n / (t.p * t.q));
  transpose_kernel<U><<<blocks_for(tiles, 1), threads_per_block, 0, cuda::stream()>>>(tiles, t);
  cuda::launched(typeid(Transposition<U>));
  return true;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
