// Programs that link this use the simulator's cuBLASLt and cuDNN on CUDA tensors.
#include "engine/cuda/cublaslt.h"
#ifdef MOSAIC_HAS_CUDNN
#include "engine/cuda/cudnn.h"
#endif

namespace gpusim {
void* cublaslt_symbol(const char* name);
void* cudnn_symbol(const char* name);
}  // namespace gpusim

namespace {

const bool installed = [] {
  mosaic::cuda::install_cublaslt(gpusim::cublaslt_symbol);
#ifdef MOSAIC_HAS_CUDNN
  mosaic::cuda::install_cudnn(gpusim::cudnn_symbol);
#endif
  return true;
}();

}  // namespace
