// The norm kernels on the CPU, compiled once per instruction set.
#include "engine/kernels/norm_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Norm& cpu_norm() {
  static constexpr NormOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
