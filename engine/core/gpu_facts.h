// What a CUDA device and the software under it say of themselves.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/device.h"

namespace mosaic {

struct GpuFacts {
  std::string name;          // "NVIDIA A100-SXM4-40GB"
  int major = 0, minor = 0;  // compute capability
  uint64_t memory = 0;       // bytes
  int driver = 0;            // the newest CUDA that the driver knows, 13000 for 13.0
  int runtime = 0;           // the CUDA this program was built with
  // Of our kernels there: "SASS for sm_80", or "PTX for compute_120, compiled by the driver".
  std::string code;
  bool simulated = false;  // a program runs it instead of a GPU: its times say nothing
};
GpuFacts gpu_facts(Device device);  // DeviceError when there is no such CUDA device

}  // namespace mosaic
