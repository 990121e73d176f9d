// Programs that link this multiply matrices on CUDA tensors by the simulator's cuBLASLt, and say of their GPU
// that it is simulated.
#include "engine/cuda/cublaslt.h"
#include "engine/cuda/probe.h"

namespace gpusim {
void* cublaslt_symbol(const char* name);
}

namespace {
const bool installed =
    (mosaic::cuda::install_cublaslt(gpusim::cublaslt_symbol), mosaic::cuda::declare_simulated(), true);
}  // namespace
