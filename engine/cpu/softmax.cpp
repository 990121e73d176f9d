// The softmax kernels on the CPU, compiled once per instruction set.
#include "engine/kernels/softmax_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Softmax& cpu_softmax() {
  static constexpr SoftmaxOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
