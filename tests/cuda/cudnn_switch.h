// Whether CUDA tensors use cuDNN, for tests that also run in a build without it.
#pragma once

#include <cstdint>

#ifdef MOSAIC_HAS_CUDNN
#include "engine/cuda/cudnn.h"
#include "tests/gpusim/cudnn.h"
#endif

namespace mosaic::test {

#ifdef MOSAIC_HAS_CUDNN
// Computations that cuDNN was given so far.
inline uint64_t cudnn_calls() {
  return gpusim::cudnn_calls();
}
// While it lives, our own kernels do everything.
class WithoutCudnn {
 public:
  WithoutCudnn() : before_(mosaic::cuda::want_cudnn(false)) {}
  WithoutCudnn(const WithoutCudnn&) = delete;
  ~WithoutCudnn() { mosaic::cuda::want_cudnn(before_); }

 private:
  bool before_;
};
#else
inline uint64_t cudnn_calls() {
  return 0;
}
struct [[maybe_unused]] WithoutCudnn {};
#endif

}  // namespace mosaic::test
