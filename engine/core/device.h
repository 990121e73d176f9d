// Where a tensor's bytes live.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace mosaic {

enum class DeviceKind : uint8_t { cpu, cuda };

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  int index = 0;
  bool operator==(const Device&) const = default;
};

inline Device cpu() {
  return {};
}

// "cpu", "cuda" or "cuda:1"; ArgumentError for other texts, DeviceError when this build or machine lacks it.
Device parse_device(std::string_view text);
bool available(Device device);
// What a device is and runs on, for people: "NVIDIA A100, compute capability 8.0, 40442 MB"; "off (this build
// has no CUDA backend)" when there is none. Of the CPU: "cpu".
std::string describe(Device device);
// Waits until everything asked of the device is done.
void synchronize(Device device);
std::ostream& operator<<(std::ostream& out, Device device);

}  // namespace mosaic
