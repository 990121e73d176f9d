// The optim kernels on the CPU, compiled once per instruction set.
#include "engine/kernels/optim_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Optim& cpu_optim() {
  static constexpr OptimOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
