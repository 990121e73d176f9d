#include "tests/gpusim/address.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace gpusim {
namespace {

std::string hexadecimal(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

Space space_of_address(uint64_t address) {
  if (address - shared_window < window_bytes) return Space::shared;
  if (address - local_window < window_bytes) return Space::local;
  return Space::global;
}

uint64_t within(Space space, uint64_t address) {
  return space == Space::shared  ? address - shared_window
         : space == Space::local ? address - local_window
                                 : address;
}

// Whether any of the bytes was never written.
bool is_unwritten(const uint8_t* written, size_t bytes) {
  if (bytes == 4) {
    uint32_t flags;
    std::memcpy(&flags, written, sizeof flags);
    return flags != 0x01010101;
  }
  return std::memchr(written, 0, bytes) != nullptr;
}

}  // namespace

WarpAccess::WarpAccess(Warp& warp, const Instruction& instruction, LaneMask lanes, Space space, size_t bytes,
                       Use use, size_t alignment)
    : warp_(warp),
      instruction_(instruction),
      lanes_(lanes),
      space_(space),
      bytes_(bytes),
      alignment_(alignment != 0 ? alignment : bytes),
      use_(use),
      checks_(warp.block->launch->checks) {}

void WarpAccess::set_addresses(int32_t place, bool is_wide, int64_t offset) {
  const auto more = static_cast<uint64_t>(offset);
  if (place < 0) {
    std::fill_n(addresses_, lanes_per_warp, more);
  } else if (is_wide) {
    const uint64_t* const words = Lane<uint64_t>::words(warp_, place);
    for (int lane = 0; lane < lanes_per_warp; ++lane) addresses_[lane] = words[lane] + more;
  } else {
    // An address of 32 bits wraps around at 32.
    const uint32_t* const words = warp_.registers + place;
    const auto less = static_cast<uint32_t>(more);
    for (int lane = 0; lane < lanes_per_warp; ++lane) addresses_[lane] = words[lane] + less;
  }
}

Space WarpAccess::space_of(int lane) const {
  if (space_ == Space::constant) return Space::global;
  return space_ == Space::generic ? space_of_address(addresses_[lane]) : space_;
}

// Their range, their alignment and their pattern.
void WarpAccess::look_at_addresses() {
  uint64_t together = 0;
  for (LaneMask rest = lanes_; rest != 0; rest &= rest - 1) {
    const uint64_t address = addresses_[std::countr_zero(rest)];
    low_ = std::min(low_, address), high_ = std::max(high_, address), together |= address;
  }
  if ((together & (alignment_ - 1)) != 0) {
    for (LaneMask rest = lanes_; rest != 0; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      if ((addresses_[lane] & (alignment_ - 1)) != 0)
        fault(warp_, instruction_, lane,
              "misaligned " + std::string(verb()) + " of " + std::to_string(bytes_) + " bytes at " +
                  hexadecimal(addresses_[lane]));
    }
  }
  if (low_ == high_) {
    pattern_ = Pattern::uniform;
  } else if (lanes_ == all_lanes && bytes_ == alignment_) {
    uint64_t differences = 0;
    for (uint64_t lane = 0; lane < lanes_per_warp; ++lane)
      differences |= addresses_[lane] ^ (addresses_[0] + lane * bytes_);
    if (differences == 0) pattern_ = Pattern::contiguous;
  }
}

void WarpAccess::find_allocation() {
  Allocation*& last = warp_.last_allocation[instruction_.slot];
  const auto* const from = reinterpret_cast<const std::byte*>(low_);
  if (!last || !last->contains(from, high_ - low_ + bytes_)) last = Memory::device().find(from);
  allocation_ = last;
  is_inside_ = last && last->contains(from, high_ - low_ + bytes_);
  if (!checks_) return;
  if (last && last->shadow.empty()) {
    static std::mutex making;
    const std::lock_guard one(making);
    if (last->shadow.empty()) last->shadow.resize(last->size / Shadow::bytes + 5);
  }
  if (warp_.block->launch->concurrent) lock_.emplace(stripes());
}

// The parts of global memory that the lanes are in.
uint64_t WarpAccess::stripes() const {
  uint64_t result = 0;
  if (ShadowLock::stripe(low_) == ShadowLock::stripe(high_) && high_ - low_ < ShadowLock::stripe_bytes)
    return ShadowLock::stripe(low_);
  for (LaneMask rest = lanes_; rest != 0; rest &= rest - 1)
    result |= ShadowLock::stripe(addresses_[std::countr_zero(rest)]);
  return result;
}

void WarpAccess::prepare() {
  if (space_ == Space::parameter) {
    if (instruction_.address < 0 && !instruction_.flag) pattern_ = Pattern::uniform;
    return;
  }
  look_at_addresses();
  const Space space = space_ == Space::generic    ? space_of_address(low_)
                      : space_ == Space::constant ? Space::global
                                                  : space_;
  const bool is_one = space_ != Space::generic || space_of_address(high_) == space;
  if (is_one) common_space_ = space;
  if (space == Space::global) {
    find_allocation();
    present_ = Present::of_global(warp_);
  } else {
    present_ = Present::of_shared(warp_);
  }
  if (!is_one) pattern_ = Pattern::scattered;
  const Space counted = space_ == Space::generic ? space_of(std::countr_zero(lanes_)) : space_;
  count_access(warp_.block->counters, addresses_, lanes_, bytes_, counted, pattern_);
  if (space == Space::local) pattern_ = Pattern::scattered;  // each lane has its own
}

void WarpAccess::note_read(Shadow* shadows, size_t offset, int lane) {
  const uint32_t thread = present_.first_thread + static_cast<uint32_t>(lane);
  if (bytes_ == Shadow::bytes && is_quiet_read(shadows[offset / Shadow::bytes], 0xf, thread, present_))
    return;
  check_race(warp_, present_, shadows, offset, bytes_,
             {&instruction_, lane, use_, common_space_ == Space::global, nullptr, nullptr});
}

// The places of a read whose lanes are all within one allocation, or within the block's shared memory. False:
// of another, or of one that is to be reported.
bool WarpAccess::find_common_places() {
  const bool is_global = common_space_ == Space::global;
  if (is_global ? !is_inside_ : common_space_ != Space::shared) return false;
  BlockRun& block = *warp_.block;
  const uint64_t base = is_global                  ? reinterpret_cast<uint64_t>(allocation_->data)
                        : space_ == Space::generic ? shared_window
                                                   : 0;
  if (!is_global && high_ - base + bytes_ > block.shared.size()) return false;
  std::byte* const data = is_global ? allocation_->data : block.shared.data();
  const uint8_t* const written = is_global ? allocation_->written.data() : block.shared_written.data();
  Shadow* const shadows = is_global ? allocation_->shadow.data() : block.shared_shadow.data();
  int run = 0;
  uint64_t last = 0;
  for (LaneMask rest = lanes_; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    run = run > 0 && addresses_[lane] == last ? run + 1 : 1;
    last = addresses_[lane];
    const auto offset = static_cast<size_t>(last - base);
    places_[lane] = data + offset;
    if (!checks_ || run > 2) continue;
    if (is_unwritten(written + offset, bytes_)) return false;
    if (is_global) count_touched(warp_, shadows, offset, bytes_);
    note_read(shadows, offset, lane);
  }
  return true;
}

void WarpAccess::find_places() {
  if (find_common_places()) return;
  // One place: the kernel's argument, or one that is to be reported.
  std::byte* const one = pattern_ == Pattern::uniform ? resolve(std::countr_zero(lanes_), nullptr) : nullptr;
  for_lanes_in_order([&](int lane) { places_[lane] = one ? one : resolve(lane, nullptr); });
}

void WarpAccess::store(const std::byte (*values)[16]) {
  for_lanes_in_order([&](int lane) {
    std::byte* const to = resolve(lane, values[lane]);
    if (bytes_ == 4) {  // of a known size, as most are
      std::memcpy(to, values[lane], 4);
    } else {
      std::memcpy(to, values[lane], bytes_);
    }
  });
}

void WarpAccess::out_of_bounds(int lane, const char* space, uint64_t address, const std::string& of) const {
  fault(warp_, instruction_, lane,
        std::string("out-of-bounds ") + space + " " + verb() + " of " + std::to_string(bytes_) +
            " bytes at " + hexadecimal(address) + of);
}

std::byte* WarpAccess::resolve(int lane, const std::byte* value) {
  const Space space = space_of(lane);
  if (space == Space::global) return resolve_global(lane, value);
  const uint64_t offset = space_ == Space::generic ? within(space, addresses_[lane]) : addresses_[lane];
  if (space == Space::shared) return resolve_shared(lane, offset, value);
  return resolve_other(lane, space, offset);
}

std::byte* WarpAccess::resolve_global(int lane, const std::byte* value) {
  auto* const address = reinterpret_cast<std::byte*>(addresses_[lane]);
  Allocation* a = allocation_;
  if (!is_inside_ && (!a || !a->contains(address, bytes_))) {
    a = Memory::device().find(address);
    if (!a || !a->contains(address, bytes_))
      out_of_bounds(lane, "global", addresses_[lane],
                    Memory::device().owns(address) ? "" : ", which is no address of the device");
  }
  if (!checks_) {
    if (use_ != Use::read) std::memset(a->written.data() + (address - a->data), 1, bytes_);
    return address;
  }
  const auto offset = static_cast<size_t>(address - a->data);
  if (use_ != Use::write && is_unwritten(&a->written[offset], bytes_))
    fault(warp_, instruction_, lane,
          "uninitialised global memory: " + std::string(verb()) + " of " + std::to_string(bytes_) +
              " bytes at byte " + std::to_string(offset) + " of an allocation");
  if (a->shadow.empty()) a->shadow.resize(a->size / Shadow::bytes + 5);
  count_touched(warp_, a->shadow.data(), offset, bytes_);
  if (use_ != Use::atomic)
    check_race(warp_, present_, a->shadow.data(), offset, bytes_,
               {&instruction_, lane, use_, true, address, value});
  if (use_ != Use::read) std::memset(&a->written[offset], 1, bytes_);
  return address;
}

std::byte* WarpAccess::resolve_shared(int lane, uint64_t offset, const std::byte* value) {
  BlockRun& block = *warp_.block;
  if (offset >= block.shared.size() || bytes_ > block.shared.size() - offset)
    out_of_bounds(lane, "shared", offset, " (the block has " + std::to_string(block.shared.size()) + ")");
  std::byte* const address = block.shared.data() + offset;
  if (!checks_) return address;
  if (use_ != Use::write && is_unwritten(&block.shared_written[offset], bytes_))
    fault(warp_, instruction_, lane,
          "uninitialised shared memory: " + std::string(verb()) + " of " + std::to_string(bytes_) +
              " bytes at " + std::to_string(offset));
  if (use_ != Use::atomic)
    check_race(warp_, present_, block.shared_shadow.data(), offset, bytes_,
               {&instruction_, lane, use_, false, address, value});
  if (use_ != Use::read) std::memset(&block.shared_written[offset], 1, bytes_);
  return address;
}

std::byte* WarpAccess::resolve_other(int lane, Space space, uint64_t offset) {
  if (space == Space::local) {
    if (offset >= warp_.local_stride || bytes_ > warp_.local_stride - offset)
      out_of_bounds(lane, "local", offset, "");
    return warp_.local_memory + static_cast<size_t>(lane) * warp_.local_stride + offset;
  }
  if (instruction_.flag)
    return warp_.call_memory + static_cast<size_t>(lane) * warp_.function->call_bytes + offset;
  auto& arguments = warp_.block->launch->arguments;
  if (offset >= arguments.size() || bytes_ > arguments.size() - offset)
    out_of_bounds(lane, "parameter", offset, "");
  return arguments.data() + offset;
}

std::string device_string(Warp& warp, const Instruction& instruction, int lane, uint64_t address) {
  std::string text;
  const Allocation* const a = Memory::device().find(reinterpret_cast<const void*>(address));
  if (!a) fault(warp, instruction, lane, "a text at " + hexadecimal(address) + ", where no memory is");
  for (const auto* p = reinterpret_cast<const char*>(address); a->contains(p, 1) && *p != 0; ++p) text += *p;
  return text;
}

}  // namespace gpusim
