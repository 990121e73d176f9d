// The sequence kernels on the CPU, compiled once per instruction set.
#include "engine/kernels/sequence_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Sequence& cpu_sequence() {
  static constexpr SequenceOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
