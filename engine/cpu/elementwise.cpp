#include "engine/kernels/elementwise_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Elementwise& cpu_elementwise();

const Elementwise& cpu_elementwise() {
  static constinit const ElementwiseOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
