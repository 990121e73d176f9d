#include "engine/cuda/backend.h"

#include "engine/core/error.h"

namespace mosaic::cuda {

bool present(Device device) {
  return device.kind == DeviceKind::cuda && backend() && device.index < backend()->devices();
}

std::string reason(Device device) {
  if (!backend()) return "this build has no CUDA backend";
  if (backend()->devices() == 0) return backend()->reason();
  return cat("there are ", backend()->devices(), " CUDA devices and ", device, " is not among them");
}

const Backend& need(Device device, const char* op) {
  if (!present(device)) throw DeviceError(op, cat(device, " is not available: ", reason(device)));
  return *backend();
}

}  // namespace mosaic::cuda
