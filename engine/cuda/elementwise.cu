#include "engine/cuda/elementwise.cuh"

#include "engine/core/dtype.h"
#include "engine/cuda/families.h"
#include "engine/cuda/loop.cuh"
#include "engine/cuda/transpose.cuh"
#include "engine/kernels/binary_on.h"
#include "engine/kernels/gate_on.h"
#include "engine/kernels/scalar.h"

namespace mosaic::kernels::gpu {
namespace {

template <class T>
struct Constant {
  T value;
  __device__ __forceinline__ T operator()() const { return value; }
};

template <class F>
void compare_as(const CompareArgs& args, const F& f) {
  visit_any(args.dtype, [&]<class T>() {
    map_elements<uint8_t, T, T>(args.loop, {args.a, args.b}, args.y, false, f);
  });
}

struct CudaElementwise final : Elementwise {
  void unary(const UnaryArgs& args) const override { gpu::unary(args); }
  void unary_back(const UnaryBackArgs& args) const override { gpu::unary_back(args); }

  void binary(const BinaryArgs& args) const override {
    visit_float(args.dtype, "binary", [&]<class T>() {
      visit_binary(args.op, [&](const auto& f) {
        map_elements<T, T, T>(args.loop, {args.a, args.b}, args.y, args.accumulate, f);
      });
    });
  }
  void binary_back(const BinaryBackArgs& args) const override { gpu::binary_back(args); }
  void binary_sum(const BinarySumArgs& args) const override { gpu::binary_sum(args); }

  void gate(const GateArgs& args) const override { run_gate<CudaLaunch>(args); }
  void gate_back(const GateBackArgs& args) const override { run_gate_back<CudaLaunch>(args); }

  void where(const WhereArgs& args) const override {
    visit_any(args.dtype, [&]<class T>() {
      map_elements<T, uint8_t, T, T>(args.loop, {args.mask, args.a, args.b}, args.y, false, Choose{});
    });
  }

  void compare(const CompareArgs& args) const override {
    args.op == CompareOp::equal ? compare_as(args, Equal{}) : compare_as(args, Less{});
  }

  void finite(const FiniteArgs& args) const override {
    visit_float(args.dtype, "is_finite",
                [&]<class T>() { map_elements<uint8_t, T>(args.loop, {args.x}, args.y, false, IsFinite{}); });
  }

  void copy(const CopyArgs& args) const override {
    if (args.from == args.to && transposed(args)) return;
    visit_any(args.from, [&]<class From>() {
      visit_any(args.to, [&]<class To>() {
        if constexpr (converts<From, To>)
          map_elements<To, From>(args.loop, {args.x}, args.y, false, Cast<To>{});
      });
    });
  }

  void fill(const FillArgs& args) const override {
    visit_any(args.dtype, [&]<class T>() {
      map_elements<T>(args.loop, {}, args.y, false, Constant<T>{Cast<T>{}(args.value)});
    });
  }

 private:
  static bool transposed(const CopyArgs& args) {
    switch (size_of(args.from)) {
      case 1:
        return copy_transposed<uint8_t>(args.loop, args.x, args.y);
      case 2:
        return copy_transposed<uint16_t>(args.loop, args.x, args.y);
      case 4:
        return copy_transposed<uint32_t>(args.loop, args.x, args.y);
      case 8:
        return copy_transposed<uint64_t>(args.loop, args.x, args.y);
      default:
        return false;
    }
  }
};

}  // namespace

const Elementwise& elementwise() {
  static constexpr CudaElementwise kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
