// From the addresses that a warp's lanes give to the host's bytes, with every check on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/gpusim/shadows.h"

namespace gpusim {

// An instruction's access of `bytes` bytes a lane, for some of its lanes. The alignment is a power of two; 0:
// bytes.
class WarpAccess {
 public:
  WarpAccess(Warp& warp, const Instruction& instruction, LaneMask lanes, Space space, size_t bytes, Use use,
             size_t alignment = 0);

  // body(lane, const std::byte*) for each lane, in rising order.
  template <class Body>
  void read(Body body) {
    find_places();
    for_lanes_in_order([&](int lane) { body(lane, const_cast<const std::byte*>(places_[lane])); });
  }
  // fill(lane, std::byte*) writes the value, which is then stored.
  template <class Fill>
  void write(Fill fill) {
    alignas(16) std::byte values[lanes_per_warp][16];
    for_lanes_in_order([&](int lane) { fill(lane, values[lane]); });
    store(values);
  }
  // body(lane, std::byte*) changes the bytes in place.
  template <class Body>
  void change(Body body) {
    for_lanes_in_order([&](int lane) { body(lane, resolve(lane, nullptr)); });
  }
  // Of a read, for all lanes at once: their bytes lie at one place, or one after another, or anywhere.
  enum class Pattern { scattered, uniform, contiguous };
  Pattern pattern() const { return pattern_; }
  const std::byte* first_place() {
    find_places();
    return places_[std::countr_zero(lanes_)];
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
  void look_at_addresses();
  void find_allocation();
  uint64_t stripes() const;
  void find_places();
  bool find_common_places();
  void note_read(Shadow* shadows, size_t offset, int lane);
  void store(const std::byte (*values)[16]);
  std::byte* resolve(int lane, const std::byte* value);
  std::byte* resolve_global(int lane, const std::byte* value);
  std::byte* resolve_shared(int lane, uint64_t offset, const std::byte* value);
  std::byte* resolve_other(int lane, Space space, uint64_t offset);
  void count() const;
  const char* verb() const {
    return use_ == Use::read ? "read" : use_ == Use::write ? "write" : "atomic access";
  }
  [[noreturn]] void out_of_bounds(int lane, const char* space, uint64_t address, const std::string& of) const;

  Warp& warp_;
  const Instruction& instruction_;
  LaneMask lanes_;
  Space space_;
  size_t bytes_, alignment_;
  Use use_;
  bool checks_;
  bool is_inside_ = false;               // all lanes are in allocation_
  Space common_space_ = Space::generic;  // of all lanes; generic when they are in several
  Pattern pattern_ = Pattern::scattered;
  Allocation* allocation_ = nullptr;
  uint64_t low_ = UINT64_MAX, high_ = 0;  // of the addresses
  uint64_t addresses_[lanes_per_warp];
  std::byte* places_[lanes_per_warp];
  Present present_;
  std::optional<ShadowLock> lock_;
};

// Requests, sectors of global memory, bank conflicts of shared memory and accesses to local memory. `lanes`
// access `bytes` bytes each; contiguous: one after another, all 32 of them.
void count_access(Counters& counters, const uint64_t* addresses, LaneMask lanes, size_t bytes, Space space,
                  WarpAccess::Pattern pattern);

// A C string of the device's memory.
std::string device_string(Warp& warp, const Instruction& instruction, int lane, uint64_t address);

}  // namespace gpusim
