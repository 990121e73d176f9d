// From the addresses that a warp's lanes give to the host's bytes, with every check on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/gpusim/shadows.h"

namespace gpusim {

// An instruction's access of `bytes` bytes a lane, for some of its lanes.
class WarpAccess {
 public:
  WarpAccess(Warp& warp, const Instruction& instruction, LaneMask lanes, Space space, size_t bytes, Use use);

  // body(lane, const std::byte*) for each lane, in rising order.
  template <class Body>
  void read(Body body) {
    for_lanes_in_order([&](int lane) { body(lane, const_cast<const std::byte*>(resolve(lane, nullptr))); });
  }
  // fill(lane, std::byte*) writes the value, which is then stored.
  template <class Fill>
  void write(Fill fill) {
    for_lanes_in_order([&](int lane) {
      std::byte value[16];
      fill(lane, value);
      std::memcpy(resolve(lane, value), value, bytes_);
    });
  }
  // body(lane, std::byte*) changes the bytes in place.
  template <class Body>
  void change(Body body) {
    for_lanes_in_order([&](int lane) { body(lane, resolve(lane, nullptr)); });
  }
  Space space_of(int lane) const;  // of a generic address: what it is in
  // Addresses in another register than the instruction's.
  void set_addresses(int32_t place, bool is_wide, int64_t offset);
  void prepare();  // to be called once the addresses are known

 private:
  template <class Body>
  void for_lanes_in_order(Body body) {
    for (LaneMask rest = lanes_; rest != 0; rest &= rest - 1) body(std::countr_zero(rest));
  }
  std::byte* resolve(int lane, const std::byte* value);
  std::byte* resolve_global(int lane, const std::byte* value);
  std::byte* resolve_shared(int lane, uint64_t offset, const std::byte* value);
  std::byte* resolve_other(int lane, Space space, uint64_t offset);
  void count();
  const char* verb() const {
    return use_ == Use::read ? "read" : use_ == Use::write ? "write" : "atomic access";
  }
  [[noreturn]] void out_of_bounds(int lane, const char* space, uint64_t address, const std::string& of) const;

  Warp& warp_;
  const Instruction& instruction_;
  LaneMask lanes_;
  Space space_;
  size_t bytes_;
  Use use_;
  bool checks_;
  bool is_inside_ = false;  // all lanes are in allocation_
  Allocation* allocation_ = nullptr;
  uint64_t addresses_[lanes_per_warp];
  std::optional<ShadowLock> lock_;
};

// A C string of the device's memory.
std::string device_string(Warp& warp, const Instruction& instruction, int lane, uint64_t address);

}  // namespace gpusim
