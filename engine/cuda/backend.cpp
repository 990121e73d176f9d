#include "engine/cuda/backend.h"

#include "engine/core/error.h"

namespace mosaic::cuda {

bool present(Device device) {
  return device.kind == DeviceKind::cuda && backend() && backend()->runs(device.index);
}

std::string reason(Device device) {
  return backend() ? backend()->reason(device.index) : "this build has no CUDA backend";
}

const Backend& need(Device device, const char* op) {
  if (!present(device)) throw DeviceError(op, cat(device, " is not available: ", reason(device)));
  return *backend();
}

}  // namespace mosaic::cuda
