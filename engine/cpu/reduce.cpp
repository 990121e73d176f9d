#include "engine/kernels/reduce_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Reduce& cpu_reduce();

const Reduce& cpu_reduce() {
  static constinit const ReduceOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
