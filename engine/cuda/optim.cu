#include "engine/core/dtype.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/optim_on.h"

namespace mosaic::kernels::gpu {
namespace {

// Updates of several tensors by one launch: row y of the grid works on tensor y. As many as fit into 4 kB of
// arguments.
template <class Span>
struct Many {
  static constexpr int most = 4000 / (sizeof(Span) + sizeof(int64_t));
  Span updates[most];
  int64_t sizes[most];
};

template <class Span>
__global__ void __launch_bounds__(threads_per_block) update_kernel(const __grid_constant__ Many<Span> many) {
  const Span& update = many.updates[blockIdx.y];
  const int64_t n = many.sizes[blockIdx.y], step = static_cast<int64_t>(gridDim.x) * threads_per_block;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * threads_per_block + threadIdx.x; i < n; i += step) {
    update(i, i + 1);
  }
}

template <class Span>
void launch(const Many<Span>& many, int count, int64_t longest) {
  if (longest == 0) return;
  const dim3 grid(blocks_for(longest, threads_per_block), static_cast<unsigned>(count));
  update_kernel<Span><<<grid, threads_per_block, 0, cuda::stream()>>>(many);
  cuda::launched(typeid(Many<Span>));
}

// Those of dtype T.
template <class T, class Span, class Args>
void update_all(const Args* updates, int64_t count) {
  Many<Span> many{};
  int held = 0;
  int64_t longest = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (updates[i].dtype != dtype_of<T>) continue;
    many.updates[held] = Span(updates[i]);
    many.sizes[held++] = updates[i].n;
    longest = updates[i].n > longest ? updates[i].n : longest;
    if (held < Many<Span>::most) continue;
    launch(many, held, longest);
    held = 0;
    longest = 0;
  }
  if (held > 0) launch(many, held, longest);
}

struct CudaOptim final : Optim {
  void adamw(const AdamWArgs* updates, int64_t count) const override {
    update_all<float, AdamWSpan<float>>(updates, count);
    update_all<double, AdamWSpan<double>>(updates, count);
  }
  void sgd(const SGDArgs* updates, int64_t count) const override {
    update_all<float, SGDSpan<float>>(updates, count);
    update_all<double, SGDSpan<double>>(updates, count);
  }
};

}  // namespace

const Optim& optim() {
  static constexpr CudaOptim kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
