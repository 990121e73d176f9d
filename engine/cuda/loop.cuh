// Elementwise kernels over a Loop: one thread an element, strided and broadcast operands read in place.
#pragma once

#include <functional>
#include <initializer_list>
#include <utility>

#include "engine/core/dtype.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/loop.h"

namespace mosaic::kernels::MOSAIC_ISA {

// A Loop of less than 2^31 elements with its innermost axis first, so that the walk over the axes unrolls and
// needs 32-bit divisions only.
template <int Operands>
struct DeviceLoop {
  int rank;
  uint32_t sizes[6];
  int64_t strides[Operands][6];

  // Where element i of the index space lies in every operand.
  __device__ __forceinline__ void locate(uint32_t i, int64_t (&at)[Operands]) const {
#pragma unroll
    for (int k = 0; k < Operands; ++k) at[k] = 0;
#pragma unroll
    for (int axis = 0; axis < 6; ++axis) {
      const bool outermost = axis + 1 >= rank;
      const uint32_t above = outermost ? 0 : i / sizes[axis],
                     index = i - (outermost ? 0 : above * sizes[axis]);
#pragma unroll
      for (int k = 0; k < Operands; ++k) at[k] += static_cast<int64_t>(index) * strides[k][axis];
      if (outermost) break;
      i = above;
    }
  }
};

// y = f(inputs...), or added to y.
template <class F, class T, class... In>
struct MapElements {
  static constexpr int inputs = sizeof...(In);
  DeviceLoop<inputs + 1> loop;
  const void* in[inputs > 0 ? inputs : 1];
  T* y;
  bool accumulate;
  F f;

  __device__ __forceinline__ void operator()(int64_t i) const {
    int64_t at[inputs + 1];
    loop.locate(static_cast<uint32_t>(i), at);
    using C = compute_t<T>;
    const C value = static_cast<C>(apply(at, std::make_index_sequence<inputs>{}));
    T* to = y + at[inputs];
    *to = static_cast<T>(accumulate ? static_cast<C>(*to) + value : value);
  }

 private:
  template <size_t... K>
  __device__ __forceinline__ auto apply(const int64_t (&at)[inputs + 1], std::index_sequence<K...>) const {
    return f(static_cast<compute_t<In>>(static_cast<const In*>(in[K])[at[K]])...);
  }
};

// Calls run(part, n, offsets) for pieces of the loop with less than 2^31 elements; offsets[k] is where
// operand k begins.
template <int Operands>
using PieceRun = std::function<void(const Loop<Operands>& part, int64_t n, const int64_t* offsets)>;
template <int Operands>
void for_each_piece(const Loop<Operands>& loop, const PieceRun<Operands>& run) {
  constexpr int64_t most = int64_t{1} << 31;
  int64_t count = 1;
  for (int axis = 0; axis < loop.rank; ++axis) count *= loop.sizes[axis];
  int64_t at[Operands] = {};
  if (count < most) return run(loop, count, at);
  const int64_t inner =
      count / loop.sizes[0];  // the outermost axis is cut, or walked when that is not enough
  const int64_t step = inner < most ? (most - 1) / inner : 1;
  for (int64_t first = 0; first < loop.sizes[0]; first += step) {
    Loop<Operands> part = loop;
    part.sizes[0] = loop.sizes[0] - first < step ? loop.sizes[0] - first : step;
    if (part.sizes[0] == 1 && loop.rank > 1) {  // an axis of one: drop it, so that recursion ends
      --part.rank;
      for (int axis = 0; axis < part.rank; ++axis) {
        part.sizes[axis] = loop.sizes[axis + 1];
        for (int k = 0; k < Operands; ++k) part.strides[k][axis] = loop.strides[k][axis + 1];
      }
    }
    for_each_piece<Operands>(part, [&](const Loop<Operands>& small, int64_t n, const int64_t* inside) {
      int64_t from[Operands];
      for (int k = 0; k < Operands; ++k) from[k] = first * loop.strides[k][0] + inside[k];
      run(small, n, from);
    });
  }
}

// y = f(inputs...) element by element; inputs in the order of the loop's operands, the result last.
template <class T, class... In, class F>
void map_elements(const Loop<sizeof...(In) + 1>& loop, std::initializer_list<const void*> in, void* y,
                  bool accumulate, const F& f) {
  constexpr int operands = sizeof...(In) + 1;
  const auto launch = [&](const Loop<operands>& part, int64_t n, const int64_t* at) {
    MapElements<F, T, In...> map{{}, {}, static_cast<T*>(y) + at[operands - 1], accumulate, f};
    map.loop.rank = part.rank;
    for (int axis = 0; axis < part.rank; ++axis) {
      const int from = part.rank - 1 - axis;
      map.loop.sizes[axis] = static_cast<uint32_t>(part.sizes[from]);
      for (int k = 0; k < operands; ++k) map.loop.strides[k][axis] = part.strides[k][from];
    }
    size_t k = 0;
    ((map.in[k] = static_cast<const In*>(in.begin()[k]) + at[k], ++k), ...);
    CudaLaunch::each(n, 0, map);
  };
  for_each_piece<operands>(loop, launch);
}

}  // namespace mosaic::kernels::MOSAIC_ISA
