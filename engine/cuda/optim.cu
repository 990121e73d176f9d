#include "engine/core/dtype.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/optim_on.h"

namespace mosaic::kernels::gpu {
namespace {

// Updates of several tensors by one launch: row y of the grid works on tensor y. As many as fit into 4 kB of
// arguments.
template <class T>
struct AdamWMany {
  static constexpr int most = sizeof(T) == 4 ? 48 : 32;
  AdamWSpan<T> updates[most];
  int64_t sizes[most];
};

template <class T>
__global__ void __launch_bounds__(threads_per_block) adamw_kernel(const __grid_constant__ AdamWMany<T> many) {
  const AdamWSpan<T>& update = many.updates[blockIdx.y];
  const int64_t n = many.sizes[blockIdx.y], step = static_cast<int64_t>(gridDim.x) * threads_per_block;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * threads_per_block + threadIdx.x; i < n; i += step) {
    update(i, i + 1);
  }
}

template <class T>
void launch(const AdamWMany<T>& many, int count, int64_t longest) {
  if (longest == 0) return;
  const dim3 grid(blocks_for(longest, threads_per_block), static_cast<unsigned>(count));
  adamw_kernel<T><<<grid, threads_per_block, 0, cuda::stream()>>>(many);
  cuda::launched(typeid(AdamWMany<T>));
}

// Those of dtype T.
template <class T>
void update_all(const AdamWArgs* updates, int64_t count) {
  AdamWMany<T> many{};
  int held = 0;
  int64_t longest = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (updates[i].dtype != dtype_of<T>) continue;
    many.updates[held] = AdamWSpan<T>(updates[i]);
    many.sizes[held++] = updates[i].n;
    longest = updates[i].n > longest ? updates[i].n : longest;
    if (held < AdamWMany<T>::most) continue;
    launch(many, held, longest);
    held = 0;
    longest = 0;
  }
  if (held > 0) launch(many, held, longest);
}

struct CudaOptim final : Optim {
  void adamw(const AdamWArgs* updates, int64_t count) const override {
    update_all<float>(updates, count);
    update_all<double>(updates, count);
  }
};

}  // namespace

const Optim& optim() {
  static constexpr CudaOptim kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
