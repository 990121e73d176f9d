// The error codes of the simulated runtime.
#pragma once

#include <cuda_runtime_api.h>

namespace gpusim {

// Keeps a failure for cudaGetLastError of this thread, and returns the code.
cudaError_t report(cudaError_t code);

}  // namespace gpusim
