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

// The results of f: one, or a pair {first, second}.
template <class C, class V>
__device__ __forceinline__ void take_results(const V& value, C (&to)[1]) {
  to[0] = static_cast<C>(value);
}
template <class C, class V>
__device__ __forceinline__ void take_results(const V& value, C (&to)[2]) {
  to[0] = value.first;
  to[1] = value.second;
}

// Each y = a result of f(inputs...), or added to y, for Width neighbours in up to `rows` rows: the loop's
// first axis counts packs, its second groups of rows, `row_step` elements apart in each operand. Of two
// results, one may be null: not wanted.
template <int Width, class F, class T, int Results, class... In>
struct MapElements {
  static constexpr int inputs = sizeof...(In), operands = inputs + Results;
  DeviceLoop<operands> loop;
  uint32_t rows, size;  // size of the axis that the groups of rows divide
  int64_t row_step[operands];
  const void* in[inputs > 0 ? inputs : 1];
  T* y[Results];
  bool accumulate[Results];
  F f;

  __device__ __forceinline__ void operator()(int64_t i) const {
    int64_t at[operands];
    const uint32_t first = loop.locate(static_cast<uint32_t>(i), at) * rows;
    const uint32_t count = size - first < rows ? size - first : rows;
    walk(at, count, std::make_index_sequence<inputs>{}, Pack<In, Width>{}...);
  }

 private:
  __device__ __forceinline__ bool wanted(int k) const { return Results == 1 || y[k] != nullptr; }

  template <size_t... K>
  __device__ __forceinline__ void walk(const int64_t (&at)[operands], uint32_t count,
                                       std::index_sequence<K...>, Pack<In, Width>... x) const {
    for (uint32_t row = 0; row < count; ++row) {
      const auto load = [&]<class X>(size_t k, Pack<X, Width>& pack) {
        if (row > 0 && row_step[k] == 0) return;
        const X* from = static_cast<const X*>(in[k]) + at[k] + row * row_step[k];
        pack = loop.strides[k][0] == 0 ? Pack<X, Width>::filled(*from) : Pack<X, Width>::load(from);
      };
      (load(K, x), ...);
      T* to[Results];
      Pack<T, Width> result[Results];
#pragma unroll
      for (int k = 0; k < Results; ++k) {
        to[k] = y[k] + at[inputs + k] + row * row_step[inputs + k];
        if (accumulate[k] && wanted(k)) result[k] = Pack<T, Width>::load(to[k]);
      }
#pragma unroll
      for (int j = 0; j < Width; ++j) {
        using C = compute_t<T>;
        C value[Results];
        take_results(f(static_cast<compute_t<In>>(x.at[j])...), value);
#pragma unroll
        for (int k = 0; k < Results; ++k) {
          result[k].at[j] =
              static_cast<T>(accumulate[k] ? static_cast<C>(result[k].at[j]) + value[k] : value[k]);
        }
      }
#pragma unroll
      for (int k = 0; k < Results; ++k) {
        if (wanted(k)) result[k].store(to[k]);
      }
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
template <int Inputs, int Operands>
bool fits_packs(const Loop<Operands>& loop, int width, const void* const (&bases)[Operands],
                const size_t (&sizes)[Operands]) {
  const int inner = loop.rank - 1;
  if (width == 1 || loop.sizes[inner] % width != 0) return false;
  for (int k = 0; k < Operands; ++k) {
    if (bases[k] == nullptr) continue;
    const int64_t stride = loop.strides[k][inner];
    if (stride == 0 && k < Inputs) continue;
    if (stride != 1 || reinterpret_cast<uintptr_t>(bases[k]) % (width * sizes[k]) != 0) return false;
    for (int axis = 0; axis < inner; ++axis) {
      if (loop.strides[k][axis] % width != 0) return false;
    }
  }
  return true;
}

// A result of map_elements; null: not wanted.
struct MapResult {
  void* y;
  bool accumulate;
};

template <int Width, class F, class T, int Results, class... In>
void launch_map(const Loop<sizeof...(In) + Results>& loop, int64_t n, const void* const* bases,
                const MapResult (&results)[Results], const F& f) {
  constexpr int inputs = sizeof...(In), operands = inputs + Results;
  using Map = MapElements<Width, F, T, Results, In...>;
  Map map{{}, 1, 1, {}, {}, {}, {}, f};
  for (int k = 0; k < inputs; ++k) map.in[k] = bases[k];
  for (int k = 0; k < Results; ++k) {
    map.y[k] = static_cast<T*>(const_cast<void*>(bases[inputs + k]));
    map.accumulate[k] = results[k].accumulate;
  }
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

// y = f(inputs...) element by element; inputs in the order of the loop's operands, then the results: those of
// an f that gives {first, second} are two.
template <class T, class... In, int Results, class F>
void map_elements(const Loop<sizeof...(In) + Results>& loop, std::initializer_list<const void*> in,
                  const MapResult (&results)[Results], const F& f) {
  constexpr int inputs = sizeof...(In), operands = inputs + Results;
  constexpr int width = pack_width<T, In...>;
  size_t sizes[operands] = {sizeof(In)...};
  for (int k = inputs; k < operands; ++k) sizes[k] = sizeof(T);
  const auto launch = [&](const Loop<operands>& part, int64_t n, const int64_t* at) {
    const void* bases[operands];
    for (int k = 0; k < operands; ++k) {
      const void* whole = k < inputs ? in.begin()[k] : results[k - inputs].y;
      bases[k] = whole == nullptr ? nullptr
                                  : static_cast<const char*>(whole) + at[k] * static_cast<int64_t>(sizes[k]);
    }
    if (fits_packs<inputs, operands>(part, width, bases, sizes)) {
      launch_map<width, F, T, Results, In...>(part, n, bases, results, f);
    } else {
      launch_map<1, F, T, Results, In...>(part, n, bases, results, f);
    }
  };
  for_each_piece<operands>(loop, launch);
}
template <class T, class... In, class F>
void map_elements(const Loop<sizeof...(In) + 1>& loop, std::initializer_list<const void*> in, void* y,
                  bool accumulate, const F& f) {
  const MapResult results[1] = {{y, accumulate}};
  map_elements<T, In...>(loop, in, results, f);
}

}  // namespace mosaic::kernels::MOSAIC_ISA
