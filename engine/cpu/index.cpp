#include "engine/kernels/index_on.h"

#include "engine/cpu/launch.h"

namespace mosaic::kernels::MOSAIC_ISA {

const Index& cpu_index();

const Index& cpu_index() {
  static constinit const IndexOn<CpuLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
