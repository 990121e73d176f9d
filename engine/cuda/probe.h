// What is learned of a device beyond whether it runs our kernels (runtime.h: probe).
#pragma once

#include <cuda_runtime_api.h>

namespace mosaic::cuda {

// What was loaded of the probe's kernel: the architectures of its machine code and of the PTX that this came
// from.
cudaError_t probe_code(int& machine, int& ptx);

// For programs whose CUDA runtime is a simulator (tests/gpusim): says so in every device's facts.
void declare_simulated();

}  // namespace mosaic::cuda
