#include "engine/core/device.h"

#include <charconv>

#include "engine/core/error.h"
#include "engine/core/gpu_facts.h"
#include "engine/cuda/backend.h"

namespace mosaic {

bool available(Device device) {
  return device == cpu() || cuda::present(device);
}

Device parse_device(std::string_view text) {
  Device device;
  if (text.substr(0, 4) == "cuda") {
    device.kind = DeviceKind::cuda;
    const std::string_view rest = text.substr(4);
    const char* end = rest.data() + rest.size();
    const bool numbered = rest.size() > 1 && rest[0] == ':' &&
                          std::from_chars(rest.data() + 1, end, device.index).ptr == end && device.index >= 0;
    check(rest.empty() || numbered, "device", "expected cpu, cuda or cuda:N, got \"", text, "\"");
  } else {
    check(text == "cpu", "device", "expected cpu, cuda or cuda:N, got \"", text, "\"");
  }
  if (device.kind == DeviceKind::cuda) cuda::need(device, "device");
  return device;
}

std::string describe(Device device) {
  if (device.kind == DeviceKind::cpu) return "cpu";
  if (!available(device)) return cat("off (", cuda::reason(device), ")");
  return cuda::need(device, "device").describe(device.index);
}

GpuFacts gpu_facts(Device device) {
  return cuda::need(device, "device").facts(device.index);
}

void synchronize(Device device) {
  if (device.kind == DeviceKind::cuda) cuda::need(device, "synchronize").synchronize(device.index);
}

std::ostream& operator<<(std::ostream& out, Device device) {
  if (device.kind == DeviceKind::cpu) return out << "cpu";
  return out << "cuda:" << device.index;
}

}  // namespace mosaic
