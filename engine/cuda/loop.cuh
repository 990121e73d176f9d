// Elementwise kernels over a Loop, strided and broadcast operands read in place. A thread takes as many
// neighbouring elements as fit into 16 bytes, where all operands lie so; where one is broadcast along the
// axis above, it takes them in several rows, and reads the broadcast operand once.
#pragma once

#include <functional>
#include <initializer_list>
#include <utility>

#include "engine/core/dtype.h"
#include "engine/cuda/launch.cuh"
#include "engine/cuda/pack.cuh"
#include "engine/kernels/loop.h"

namespace mosaic::kernels::MOSAIC_ISA {

// A Loop of less than 2^31 elements with its innermost axis first, so that the walk over the axes unrolls and
// needs 32-bit divisions only.
template <int Operands>
struct DeviceLoop {
  int rank;
  uint32_t sizes[6];
  int64_t strides[Operands][6];

  // Where element i of the index space lies in every operand; returns its index along the second axis.
  __device__ __forceinline__ uint32_t locate(uint32_t i, int64_t (&at)[Operands]) const {
    uint32_t second = 0;
#pragma unroll
    for (int k = 0; k < Operands; ++k) at[k] = 0;
#pragma unroll
    for (int axis = 0; axis < 6; ++axis) {
      const bool outermost = axis + 1 >= rank;
      const uint32_t above = outermost ? 0 : i / sizes[axis],
                     index = i - (outermost ? 0 : above * sizes[axis]);
      if (axis == 1) second = index;
#pragma unroll
      for (int k = 0; k < Operands; ++k) at[k] += static_cast<int64_t>(index) * strides[k][axis];
      if (outermost) break;
      i = above;
    }
    return second;
  }
};

// y = f(inputs...), or added to y, for Width neighbours in up to `rows` rows: the loop's first axis counts
// packs, its second groups of rows, `row_step` elements apart in each operand.
template <int Width, class F, class T, class... In>
struct MapElements {
  static constexpr int inputs = sizeof...(In);
  DeviceLoop<inputs + 1> loop;
  uint32_t rows, size;  // size of the axis that the groups of rows divide
  int64_t row_step[inputs + 1];
  const void* in[inputs > 0 ? inputs : 1];
  T* y;
  bool accumulate;
  F f;

  __device__ __forceinline__ void operator()(int64_t i) const {
    int64_t at[inputs + 1];
    const uint32_t first = loop.locate(static_cast<uint32_t>(i), at) * rows;
    const uint32_t count = size - first < rows ? size - first : rows;
    walk(at, count, std::make_index_sequence<inputs>{}, Pack<In, Width>{}...);
  }

 private:
  template <size_t... K>
  __device__ __forceinline__ void walk(const int64_t (&at)[inputs + 1], uint32_t count,
                                       std::index_sequence<K...>, Pack<In, Width>... x) const {
    for (uint32_t row = 0; row < count; ++row) {
      const auto load = [&]<class X>(size_t k, Pack<X, Width>& pack) {
        if (row > 0 && row_step[k] == 0) return;
        const X* from = static_cast<const X*>(in[k]) + at[k] + row * row_step[k];
        pack = loop.strides[k][0] == 0 ? Pack<X, Width>::filled(*from) : Pack<X, Width>::load(from);
      };
      (load(K, x), ...);
      T* to = y + at[inputs] + row * row_step[inputs];
      Pack<T, Width> result;
      if (accumulate) result = Pack<T, Width>::load(to);
#pragma unroll
      for (int j = 0; j < Width; ++j) {
        using C = compute_t<T>;
        const C value = static_cast<C>(f(static_cast<compute_t<In>>(x.at[j])...));
        result.at[j] = static_cast<T>(accumulate ? static_cast<C>(result.at[j]) + value : value);
      }
      result.store(to);
    }
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

// Whether packs of `width` elements can be read and written everywhere: along the innermost axis operands are
// dense or (inputs only) broadcast, and every row begins on a pack's boundary.
template <int Operands>
bool fits_packs(const Loop<Operands>& loop, int width, const void* const (&bases)[Operands],
                const size_t (&sizes)[Operands]) {
  const int inner = loop.rank - 1;
  if (width == 1 || loop.sizes[inner] % width != 0) return false;
  for (int k = 0; k < Operands; ++k) {
    const int64_t stride = loop.strides[k][inner];
    if (stride == 0 && k + 1 < Operands) continue;
    if (stride != 1 || reinterpret_cast<uintptr_t>(bases[k]) % (width * sizes[k]) != 0) return false;
    for (int axis = 0; axis < inner; ++axis) {
      if (loop.strides[k][axis] % width != 0) return false;
    }
  }
  return true;
}

template <int Width, class F, class T, class... In>
void launch_map(const Loop<sizeof...(In) + 1>& loop, int64_t n, const void* const* bases, bool accumulate,
                const F& f) {
  constexpr int operands = sizeof...(In) + 1;
  using Map = MapElements<Width, F, T, In...>;
  Map map{{}, 1, 1, {}, {}, static_cast<T*>(const_cast<void*>(bases[operands - 1])), accumulate, f};
  for (int k = 0; k + 1 < operands; ++k) map.in[k] = bases[k];
  map.loop.rank = loop.rank;
  for (int axis = 0; axis < loop.rank; ++axis) {
    const int from = loop.rank - 1 - axis;
    map.loop.sizes[axis] = static_cast<uint32_t>(loop.sizes[from]);
    for (int k = 0; k < operands; ++k) map.loop.strides[k][axis] = loop.strides[k][from];
  }
  map.loop.sizes[0] /= Width;
  for (int k = 0; k < operands; ++k) map.loop.strides[k][0] *= Width;
  int64_t threads = n / Width;
  if (loop.rank > 1) {
    map.size = map.loop.sizes[1];
    bool repeats = false;
    for (int k = 0; k < operands; ++k) {
      map.row_step[k] = map.loop.strides[k][1];
      repeats = repeats || (map.row_step[k] == 0 && map.loop.strides[k][0] != 0);
    }
    constexpr int64_t enough = 1 << 15;  // threads that keep a GPU busy
    if (repeats && map.size >= 4 && threads / 4 >= enough) map.rows = 4;
    const uint32_t groups = (map.size + map.rows - 1) / map.rows;
    threads = threads / map.size * groups;
    map.loop.sizes[1] = groups;
    for (int k = 0; k < operands; ++k) map.loop.strides[k][1] *= map.rows;
  }
  CudaLaunch::each(threads, 0, map);
}

// y = f(inputs...) element by element; inputs in the order of the loop's operands, the result last.
template <class T, class... In, class F>
void map_elements(const Loop<sizeof...(In) + 1>& loop, std::initializer_list<const void*> in, void* y,
                  bool accumulate, const F& f) {
  constexpr int operands = sizeof...(In) + 1;
  constexpr size_t sizes[operands] = {sizeof(In)..., sizeof(T)};
  constexpr int width = pack_width<T, In...>;
  const auto launch = [&](const Loop<operands>& part, int64_t n, const int64_t* at) {
    const void* bases[operands];
    for (int k = 0; k < operands; ++k) {
      const void* whole = k + 1 < operands ? in.begin()[k] : y;
      bases[k] = static_cast<const char*>(whole) + at[k] * static_cast<int64_t>(sizes[k]);
    }
    if (fits_packs<operands>(part, width, bases, sizes)) {
      launch_map<width, F, T, In...>(part, n, bases, accumulate, f);
    } else {
      launch_map<1, F, T, In...>(part, n, bases, accumulate, f);
    }
  };
  for_each_piece<operands>(loop, launch);
}

}  // namespace mosaic::kernels::MOSAIC_ISA
