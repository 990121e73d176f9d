#include "engine/core/dtype.h"
#include "engine/cuda/columns.cuh"
#include "engine/cuda/elementwise.cuh"
#include "engine/cuda/loop.cuh"
#include "engine/kernels/binary_on.h"

namespace mosaic::kernels::gpu {
namespace {

// back as a function of three operands.
template <class F>
struct BackOf {
  F f;
  template <class T>
  __device__ __forceinline__ Gradients<T> operator()(T a, T b, T dy) const {
    return f.back(a, b, dy);
  }
};

template <class T, class F>
struct BinarySumColumn {
  using Part = acc_t<T>;
  BinarySumArgs a;
  F f;

  __device__ __forceinline__ Part part(int64_t o, int64_t c, int64_t first, int64_t step) const {
    const Part fixed =
        a.repeated ? Part(static_cast<const T*>(a.repeated)[o * a.loop.sizes[2] + c]) : Part(0);
    const T *other = static_cast<const T*>(a.other) + at(0, o, c),
            *dy = static_cast<const T*>(a.dy) + at(1, o, c);
    T* dother = a.dother ? static_cast<T*>(a.dother) + at(2, o, c) : nullptr;
    Part sum = Part(0);
    for (int64_t r = first; r < a.loop.sizes[1]; r += step) {
      const Gradients<Part> d =
          f.back(Part(other[r * a.loop.strides[0][1]]), fixed, Part(dy[r * a.loop.strides[1][1]]));
      sum += d.second;
      if (dother == nullptr) continue;
      T& to = dother[r * a.loop.strides[2][1]];
      to = T(a.add_dother ? Part(to) + d.first : d.first);
    }
    return sum;
  }
  __device__ __forceinline__ static Part joined(Part sum, Part more) { return sum + more; }
  __device__ __forceinline__ void put(int64_t o, int64_t c, Part sum) const {
    static_cast<T*>(a.sum)[o * a.loop.sizes[2] + c] = T(sum);
  }

 private:
  __device__ __forceinline__ int64_t at(int operand, int64_t o, int64_t c) const {
    return o * a.loop.strides[operand][0] + c * a.loop.strides[operand][2];
  }
};

}  // namespace

void binary_back(const BinaryBackArgs& args) {
  // An operand that is not needed is one that is there, without steps.
  const void* a = args.a ? args.a : args.dy;
  const void* b = args.b ? args.b : args.dy;
  const MapResult results[2] = {{args.da, args.add_da}, {args.db, args.add_db}};
  visit_float(args.dtype, "binary_back", [&]<class T>() {
    visit_binary_back(args.op, [&]<class F>(const F& f) {
      map_elements<T, T, T, T>(args.loop, {a, b, args.dy}, results, BackOf<F>{f});
    });
  });
}

void binary_sum(const BinarySumArgs& args) {
  const int64_t outer = args.loop.sizes[0], n = args.loop.sizes[1], cols = args.loop.sizes[2];
  visit_float(args.dtype, "binary_sum", [&]<class T>() {
    visit_binary_sum(args.op, args.repeats_first, [&]<class F>(const F& f) {
      if (cols > 1) return reduce_columns(outer, cols, BinarySumColumn<T, F>{args, f});
      CudaLaunch::rows(outer, static_cast<double>(n) / 2, BinarySumRow<T, F>{args, f});
    });
  });
}

}  // namespace mosaic::kernels::gpu
