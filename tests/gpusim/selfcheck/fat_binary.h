// PTX that the tests write themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gpusim::selfcheck {

// As nvcc registers it: a wrapper, and behind it a header and one entry of plain PTX.
class FatBinary {
 public:
  explicit FatBinary(const std::string& ptx) {
    const std::string text = ptx + std::string(8 - ptx.size() % 8, '\0');
    append<uint32_t>(0xba55ed50);
    append<uint16_t>(1);
    append<uint16_t>(16);
    append<uint64_t>(64 + text.size());
    append<uint16_t>(1);  // PTX
    append<uint16_t>(0x101);
    append<uint32_t>(64);
    append<uint64_t>(text.size());
    bytes_.resize(16 + 64);  // no flags: not compressed
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), first, first + text.size());
    wrapper_.data = bytes_.data();
  }
  const void* wrapper() const { return &wrapper_; }

 private:
  template <class T>
  void append(T value) {
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof value);
  }
  struct Wrapper {
    uint32_t magic = 0x466243b1, version = 1;
    const void* data = nullptr;
    const void* names = nullptr;
  };
  std::vector<std::byte> bytes_;
  Wrapper wrapper_;
};

}  // namespace gpusim::selfcheck
