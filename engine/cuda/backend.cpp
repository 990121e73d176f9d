#include "engine/cuda/backend.h"

#include "engine/core/error.h"

namespace mosaic::cuda {

bool present(Device device) {
  return device.kind == DeviceKind::cuda && backend() && device.index < backend()->devices();
}

std::string reason(Device) {
  if (!backend()) return "this build has no CUDA backend";
  if (backend()->devices() == 0) return backend()->reason();
  const int last = backend()->devices() - 1;
  return last == 0 ? "only cuda:0 is there" : cat("only cuda:0 to cuda:", last, " are there");
}

const Backend& need(Device device, const char* op) {
  if (!present(device)) throw DeviceError(op, cat(device, " is not available: ", reason(device)));
  return *backend();
}

}  // namespace mosaic::cuda
