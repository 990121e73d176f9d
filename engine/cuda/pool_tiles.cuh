// Pools whose windows are tiles: they cover the plane and do not overlap. A thread has one window; the
// neighbours in each of its rows are one load or store, so that a warp reads and writes whole sectors.
#pragma once

#include "engine/core/dtype.h"
#include "engine/cuda/launch.cuh"
#include "engine/cuda/pack.cuh"
#include "engine/kernels/pool_on.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Where window i begins in its plane and in the tensor.
struct WindowTile {
  int64_t in_plane, in_tensor;
  __device__ __forceinline__ WindowTile(const PoolShape& s, int64_t i) {
    const PlaneElement at(i, s.rows.out, s.cols.out);
    in_plane = at.row * s.rows.stride * s.cols.in + at.col * s.cols.stride;
    in_tensor = at.plane * s.rows.in * s.cols.in + in_plane;
  }
};

template <class T, int Width>
struct MaxPoolTile {
  MaxPoolArgs a;
  __device__ void operator()(int64_t i) const {
    const WindowTile tile(a.shape, i);
    const T* x = static_cast<const T*>(a.x) + tile.in_tensor;
    T largest = T(0);
    int64_t best = -1;
    for (int64_t r = 0; r < a.shape.rows.kernel; ++r) {
      const auto row = Pack<T, Width>::load(x + r * a.shape.cols.in);
#pragma unroll
      for (int c = 0; c < Width; ++c) {
        if (best >= 0 && !takes_over(row.at[c], largest)) continue;
        largest = row.at[c];
        best = tile.in_plane + r * a.shape.cols.in + c;
      }
    }
    static_cast<T*>(a.y)[i] = largest;
    if (a.at) a.at[i] = static_cast<int32_t>(best);
  }
};

template <class T, int Width>
struct MaxPoolBackTile {
  MaxPoolBackArgs a;
  __device__ void operator()(int64_t i) const {
    const WindowTile tile(a.shape, i);
    const T dy = static_cast<const T*>(a.dy)[i];
    const int64_t best = a.at[i] - tile.in_plane;
    for (int64_t r = 0; r < a.shape.rows.kernel; ++r) {
      Pack<T, Width> row;
#pragma unroll
      for (int c = 0; c < Width; ++c) row.at[c] = best == r * a.shape.cols.in + c ? dy : T(0);
      row.store(static_cast<T*>(a.dx) + tile.in_tensor + r * a.shape.cols.in);
    }
  }
};

template <class T, int Width>
struct AveragePoolTile {
  AveragePoolArgs a;
  __device__ void operator()(int64_t i) const {
    const WindowTile tile(a.shape, i);
    T total = T(0);
    for (int64_t r = 0; r < a.shape.rows.kernel; ++r) {
      const auto row =
          Pack<T, Width>::load(static_cast<const T*>(a.from) + tile.in_tensor + r * a.shape.cols.in);
#pragma unroll
      for (int c = 0; c < Width; ++c) total += row.at[c];
    }
    static_cast<T*>(a.to)[i] = total / static_cast<T>(a.shape.rows.kernel * Width);
  }
};

template <class T, int Width>
struct AveragePoolBackTile {
  AveragePoolArgs a;
  __device__ void operator()(int64_t i) const {
    const WindowTile tile(a.shape, i);
    const T share = static_cast<const T*>(a.from)[i] / static_cast<T>(a.shape.rows.kernel * Width);
    const auto row = Pack<T, Width>::filled(share);
    for (int64_t r = 0; r < a.shape.rows.kernel; ++r) {
      row.store(static_cast<T*>(a.to) + tile.in_tensor + r * a.shape.cols.in);
    }
  }
};

// Whether the windows are tiles, their rows packs of `width` elements in `in`.
inline bool are_tiles(const PoolShape& s, int width, const void* in) {
  const auto covers = [](const WindowAxis& axis) {
    return axis.kernel == axis.stride && axis.padding == 0 && axis.dilation == 1 &&
           axis.in == axis.out * axis.stride;
  };
  return covers(s.rows) && covers(s.cols) && s.cols.kernel == width && s.rows.kernel * width < large_window &&
         reinterpret_cast<uintptr_t>(in) % static_cast<uintptr_t>(width * size_of(s.dtype)) == 0;
}

// Runs Tile<T, width> for every window when they are tiles of two or four columns, 16 bytes at most.
template <template <class, int> class Tile, class Args>
bool for_tiles(const Args& args, const PoolShape& s, const void* in) {
  const int64_t windows = s.planes * s.rows.out * s.cols.out;
  bool done = false;
  visit_wide(s.dtype, "pool", [&]<class T>() {
    const auto run = [&]<int Width>(Tile<T, Width> tile) {
      if (done || !are_tiles(s, Width, in)) return;
      CudaLaunch::each(windows, 0, tile);
      done = true;
    };
    run(Tile<T, 2>{args});
    if constexpr (sizeof(T) == 4) run(Tile<T, 4>{args});
  });
  return done;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
