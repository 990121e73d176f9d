// Programs that link this multiply matrices on CUDA tensors by the simulator's cuBLASLt.
#include "engine/cuda/cublaslt.h"

namespace gpusim {
void* cublaslt_symbol(const char* name);
}

namespace {
const bool installed = (mosaic::cuda::install_cublaslt(gpusim::cublaslt_symbol), true);
}  // namespace
