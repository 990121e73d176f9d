// The pooling kernels on the CPU, compiled once per instruction set.
#include "engine/kernels/pool_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Pool& cpu_pool() {
  static constexpr PoolOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
