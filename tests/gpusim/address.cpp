#include "tests/gpusim/address.h"

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace gpusim {
namespace {

std::string hexadecimal(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

constexpr uint64_t sector = 32;
constexpr uint32_t banks = 32;

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

}  // namespace

WarpAccess::WarpAccess(Warp& warp, const Instruction& instruction, LaneMask lanes, Space space, size_t bytes,
                       Use use)
    : warp_(warp),
      instruction_(instruction),
      lanes_(lanes),
      space_(space),
      bytes_(bytes),
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
    const uint32_t* const words = warp_.registers + place;
    for (int lane = 0; lane < lanes_per_warp; ++lane) addresses_[lane] = words[lane] + more;
  }
}

Space WarpAccess::space_of(int lane) const {
  if (space_ == Space::constant) return Space::global;
  return space_ == Space::generic ? space_of_address(addresses_[lane]) : space_;
}

void WarpAccess::prepare() {
  if (space_ == Space::parameter) return;
  uint64_t low = UINT64_MAX, high = 0, together = 0;
  for (LaneMask rest = lanes_; rest != 0; rest &= rest - 1) {
    const uint64_t address = addresses_[std::countr_zero(rest)];
    low = std::min(low, address), high = std::max(high, address), together |= address;
  }
  if ((together & (bytes_ - 1)) != 0) {
    for (LaneMask rest = lanes_; rest != 0; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      if ((addresses_[lane] & (bytes_ - 1)) != 0)
        fault(warp_, instruction_, lane,
              "misaligned " + std::string(verb()) + " of " + std::to_string(bytes_) + " bytes at " +
                  hexadecimal(addresses_[lane]));
    }
  }
  const bool is_global = space_ == Space::global || space_ == Space::constant ||
                         (space_ == Space::generic && space_of_address(low) == Space::global);
  if (is_global) {
    Allocation*& last = warp_.last_allocation[instruction_.slot];
    const auto* const from = reinterpret_cast<const std::byte*>(low);
    if (!last || !last->contains(from, high - low + bytes_)) last = Memory::device().find(from);
    allocation_ = last;
    is_inside_ = last && high >= low && last->contains(from, high - low + bytes_);
    if (checks_) {
      if (last && last->shadow.empty()) {
        static std::mutex making;
        const std::lock_guard one(making);
        if (last->shadow.empty()) last->shadow.resize(last->size / Shadow::bytes + 5);
      }
      lock_.emplace(warp_.block->launch->concurrent);
    }
  }
  count();
}

// Sectors of global memory, bank conflicts of shared memory, accesses to local memory.
void WarpAccess::count() {
  Counters& counters = warp_.block->counters;
  const Space space = space_of(std::countr_zero(lanes_));
  if (space == Space::local) {
    counters.local_accesses += static_cast<uint64_t>(std::popcount(lanes_));
    return;
  }
  if (space == Space::global && space_ != Space::constant) {
    uint64_t seen[lanes_per_warp];
    int count = 0;
    for (LaneMask rest = lanes_; rest != 0; rest &= rest - 1) {
      const uint64_t address = addresses_[std::countr_zero(rest)] / sector;
      if (count > 0 && seen[count - 1] == address) continue;
      if (std::find(seen, seen + count, address) == seen + count) seen[count++] = address;
    }
    ++counters.global_requests;
    counters.global_sectors += static_cast<uint64_t>(count);
    counters.global_bytes += bytes_ * static_cast<uint64_t>(std::popcount(lanes_));
  }
  if (space == Space::shared) {
    // Lanes that want different words of one bank take turns; 8 and 16 bytes go by halves and quarters of the
    // warp.
    ++counters.shared_requests;
    const int group = static_cast<int>(lanes_per_warp * 4 / std::max<size_t>(bytes_, 4));
    for (int begin = 0; begin < lanes_per_warp; begin += group) {
      uint64_t words[banks][lanes_per_warp];
      uint8_t count[banks] = {};
      int most = 1;
      for (int lane = begin; lane < begin + group; ++lane) {
        if (((lanes_ >> lane) & 1) == 0) continue;
        for (size_t k = 0; k < std::max<size_t>(bytes_ / 4, 1); ++k) {
          const uint64_t word = addresses_[lane] / 4 + k;
          const uint32_t bank = word % banks;
          if (std::find(words[bank], words[bank] + count[bank], word) != words[bank] + count[bank]) continue;
          words[bank][count[bank]++] = word;
          most = std::max<int>(most, count[bank]);
        }
      }
      counters.bank_conflicts += static_cast<uint64_t>(most - 1);
    }
  }
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
  const auto offset = static_cast<size_t>(address - a->data);
  if (use_ != Use::write && checks_) {
    for (size_t k = 0; k < bytes_; ++k)
      if (a->written[offset + k] == 0)
        fault(warp_, instruction_, lane,
              "uninitialised global memory: " + std::string(verb()) + " of " + std::to_string(bytes_) +
                  " bytes at byte " + std::to_string(offset) + " of an allocation");
  }
  if (checks_) {
    if (a->shadow.empty()) a->shadow.resize(a->size / Shadow::bytes + 5);
    count_touched(warp_, a->shadow.data(), offset, bytes_);
    if (use_ != Use::atomic)
      check_race(warp_, a->shadow.data(), offset, bytes_, {&instruction_, lane, use_, true, address, value});
  }
  if (use_ != Use::read) std::memset(a->written.data() + offset, 1, bytes_);
  return address;
}

std::byte* WarpAccess::resolve_shared(int lane, uint64_t offset, const std::byte* value) {
  BlockRun& block = *warp_.block;
  if (offset >= block.shared.size() || bytes_ > block.shared.size() - offset)
    out_of_bounds(lane, "shared", offset, " (the block has " + std::to_string(block.shared.size()) + ")");
  std::byte* const address = block.shared.data() + offset;
  if (!checks_) return address;
  if (use_ != Use::write) {
    for (size_t k = 0; k < bytes_; ++k)
      if (block.shared_written[offset + k] == 0)
        fault(warp_, instruction_, lane,
              "uninitialised shared memory: " + std::string(verb()) + " of " + std::to_string(bytes_) +
                  " bytes at " + std::to_string(offset));
  }
  if (use_ != Use::atomic)
    check_race(warp_, block.shared_shadow.data(), offset, bytes_,
               {&instruction_, lane, use_, false, address, value});
  if (use_ != Use::read) std::memset(block.shared_written.data() + offset, 1, bytes_);
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
