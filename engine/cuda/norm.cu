#include "engine/core/dtype.h"
#include "engine/cuda/cudnn_layers.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/norm_on.h"

namespace mosaic::kernels::gpu {
namespace {

// A chunk's share of dgamma = sum dout xhat and dbeta = sum dout in one column.
template <class T>
struct ColumnShare {
  LayerNormGradArgs a;
  int64_t chunks;
  __device__ void operator()(int64_t i) const {
    using A = acc_t<T>;
    const int64_t chunk = i / a.cols, c = i - chunk * a.cols;
    const int64_t first = a.rows * chunk / chunks, last = a.rows * (chunk + 1) / chunks;
    A dgamma = A(0), dbeta = A(0);
    for (int64_t row = first; row < last; ++row) {
      const A d = A(static_cast<const T*>(a.dout)[row * a.dout_stride + c]);
      const A centred =
          A(static_cast<const T*>(a.s)[row * a.s_stride + c]) - static_cast<const A*>(a.mean)[row];
      dgamma = mul_add(d, centred * static_cast<const A*>(a.rstd)[row], dgamma);
      dbeta += d;
    }
    A* share = static_cast<A*>(a.partial) + 2 * chunk * a.cols;
    share[c] = dgamma;
    share[a.cols + c] = dbeta;
  }
};

// The chunks' shares in order.
template <class T>
struct ColumnTotal {
  LayerNormGradArgs a;
  int64_t chunks;
  __device__ void operator()(int64_t c) const {
    put(static_cast<T*>(a.dgamma), a.dgamma_add, c, 0);
    put(static_cast<T*>(a.dbeta), a.dbeta_add, c, a.cols);
  }

 private:
  __device__ __forceinline__ void put(T* to, bool add, int64_t c, int64_t offset) const {
    using A = acc_t<T>;
    if (to == nullptr) return;
    const A* share = static_cast<const A*>(a.partial) + offset + c;
    A total = A(0);
    for (int64_t chunk = 0; chunk < chunks; ++chunk) total += share[2 * chunk * a.cols];
    to[c] = add ? T(A(to[c]) + total) : T(total);
  }
};

struct CudaNorm final : Norm {
  void layer_norm(const LayerNormArgs& a) const override {
    visit_float(a.dtype, "layer_norm", [&]<class T>() {
      CudaLaunch::rows(a.rows, static_cast<double>(a.cols) / 2, LayerNormRow<T>{a});
    });
  }
  void layer_norm_grad(const LayerNormGradArgs& a) const override {
    visit_float(a.dtype, "layer_norm", [&]<class T>() {
      if (a.dx || a.dy) CudaLaunch::rows(a.rows, static_cast<double>(a.cols) / 2, LayerNormGradRow<T>{a});
      if (a.partial == nullptr) return;
      const int64_t chunks = norm_chunks(a.rows);
      CudaLaunch::each(chunks * a.cols, 0, ColumnShare<T>{a, chunks});
      CudaLaunch::each(a.cols, 0, ColumnTotal<T>{a, chunks});
    });
  }
  void batch_norm(const BatchNormArgs& a) const override {
    if (!cuda::cudnn_batch_norm(a)) run_batch_norm<CudaLaunch>(a);
  }
  void batch_norm_grad(const BatchNormGradArgs& a) const override {
    if (!cuda::cudnn_batch_norm_grad(a)) run_batch_norm_grad<CudaLaunch>(a);
  }
};

}  // namespace

const Norm& norm() {
  static constexpr CudaNorm kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
