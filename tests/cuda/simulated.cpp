// Programs that link this use the simulator's cuBLASLt and cuDNN on CUDA tensors, and say of their GPU that
// it is simulated.
#include "engine/cuda/cublaslt.h"
#include "engine/cuda/probe.h"
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
  mosaic::cuda::declare_simulated();
  return true;
}();

}  // namespace
