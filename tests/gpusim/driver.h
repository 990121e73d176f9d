// The machine that the simulated runtime finds, for tests of what is said where there is no usable GPU.
#pragma once

namespace gpusim {

struct Driver {
  int version = 0;        // the newest CUDA it knows, 12020 for 12.2; 0: there is no driver
  int devices = 1;        // 0 or 1
  int architecture = 90;  // ten times the compute capability; kernels for later ones have no image there
};
// Read from the environment once: GPUSIM_DRIVER (the runtime's version unless given), GPUSIM_DEVICES=0|1,
// GPUSIM_ARCHITECTURE. std::invalid_argument for other values.
const Driver& driver();

// Of a kernel: 80 for PTX of .target sm_80.
int target_of(const void* function);

}  // namespace gpusim
