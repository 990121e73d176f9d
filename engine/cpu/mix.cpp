// The mix kernels on the CPU, compiled once per instruction set.
#include "engine/kernels/mix_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Mix& cpu_mix() {
  static constexpr MixOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
