#include "tests/gpusim/shadows.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

namespace gpusim {
namespace {

constexpr uint32_t block_numbers = 1 << 21;  // blocks beyond are counted round
constexpr uint32_t threads_a_block = 1024;

uint32_t block_of(const Warp& warp) {
  return static_cast<uint32_t>(warp.block->linear % block_numbers);
}
uint32_t warp_of(const Warp& warp) {
  return block_of(warp) * (threads_a_block / lanes_per_warp) + warp.index;
}
uint32_t thread_of(const Warp& warp, int lane) {
  return block_of(warp) * threads_a_block + warp.index * lanes_per_warp + static_cast<uint32_t>(lane);
}

// Whether a fence of the other block after `time` was followed by an atomic operation of this one.
bool handed_over(const Warp& warp, uint32_t other_block, uint32_t time) {
  const auto& fences = warp.block->launch->fence_times;
  if (fences.empty()) return false;
  const uint32_t fence = __atomic_load_n(&fences[other_block % fences.size()], __ATOMIC_ACQUIRE);
  return fence > time && warp.block->acquire_time > fence;
}

// Notes from before this are of others: earlier launches, or earlier blocks for shared memory.
uint32_t beginning(const Warp& warp, const Touch& touch) {
  return touch.is_global ? warp.block->launch->start_time : warp.block->start_time;
}

// Whether accesses of a thread, warp or block at that time are known to come before this warp's next one.
bool is_before(const Warp& warp, const Touch& touch, uint32_t time, uint32_t other_block, uint32_t other_warp,
               bool one_warp) {
  if (time < beginning(warp, touch)) return true;
  if (other_block != block_of(warp)) return handed_over(warp, other_block, time);
  if (time < warp.block->barrier_time) return true;
  return one_warp && other_warp == warp_of(warp) && time < warp.sync_time;
}

std::string thread_text(const Warp& warp, uint32_t thread) {
  std::string text = "thread " + std::to_string(thread % threads_a_block);
  if (thread / threads_a_block != block_of(warp))
    text += " of block " + std::to_string(thread / threads_a_block);
  return text;
}

std::string readers_text(const Warp& warp, const Shadow& s) {
  switch (s.readers) {
    case Shadow::Readers::lane:
      return thread_text(warp, s.reader);
    case Shadow::Readers::warp:
      return "lanes of warp " + std::to_string(s.reader % (threads_a_block / lanes_per_warp));
    case Shadow::Readers::block:
      return "several warps";
    default:
      return "several blocks";
  }
}

[[noreturn]] void report(const Warp& warp, const Touch& touch, size_t offset, const std::string& other) {
  fault(warp, *touch.instruction, touch.lane,
        std::string("race in ") + (touch.is_global ? "global" : "shared") + " memory at byte " +
            std::to_string(offset) + (touch.is_global ? " of the allocation: " : ": ") +
            (touch.use == Use::write ? "write" : "read") + " after " + other + " with nothing between");
}

void check_writer(const Warp& warp, const Shadow& s, uint8_t mask, uint32_t thread, const Touch& touch,
                  size_t offset, bool is_same) {
  if (s.writer == 0 || s.writer - 1 == thread || (s.write_mask & mask) == 0 || is_same) return;
  const uint32_t other = s.writer - 1;
  if (is_before(warp, touch, s.write_time, other / threads_a_block, other / lanes_per_warp, true)) return;
  report(warp, touch, offset, "a write by " + thread_text(warp, other));
}

bool readers_are_before(const Warp& warp, const Shadow& s, uint32_t thread, const Touch& touch) {
  constexpr uint32_t warps = threads_a_block / lanes_per_warp;
  switch (s.readers) {
    case Shadow::Readers::none:
      return true;
    case Shadow::Readers::lane:
      return s.reader == thread ||
             is_before(warp, touch, s.read_time, s.reader / threads_a_block, s.reader / lanes_per_warp, true);
    case Shadow::Readers::warp:
      return is_before(warp, touch, s.read_time, s.reader / warps, s.reader, true);
    case Shadow::Readers::block:
      return is_before(warp, touch, s.read_time, s.reader, 0, false);
    default:
      return s.read_time < beginning(warp, touch);
  }
}

void check_readers(const Warp& warp, const Shadow& s, uint8_t mask, uint32_t thread, const Touch& touch,
                   size_t offset, bool is_same) {
  if ((s.read_mask & mask) == 0 || is_same || readers_are_before(warp, s, thread, touch)) return;
  report(warp, touch, offset, "a read by " + readers_text(warp, s));
}

// One more reader. The note becomes as wide as it must, of lane, warp, block or grid; readers that come
// before this one need no note any more, and those of other bytes lose theirs: a report may be missed, none
// is false.
void note_reader(const Warp& warp, Shadow& s, uint8_t mask, uint32_t thread, const Touch& touch) {
  using Readers = Shadow::Readers;
  constexpr uint32_t warps = threads_a_block / lanes_per_warp;
  if ((s.read_mask & mask) == 0 || readers_are_before(warp, s, thread, touch)) {
    s.readers = Readers::lane, s.reader = thread, s.read_time = warp.time, s.read_mask = mask;
    return;
  }
  s.read_time = std::max(s.read_time, warp.time);
  s.read_mask |= mask;
  if (s.readers == Readers::grid) return;
  const uint32_t of_warp = s.readers == Readers::lane ? s.reader / lanes_per_warp : s.reader;
  const uint32_t of_block = s.readers == Readers::block ? s.reader : of_warp / warps;
  if (of_block != block_of(warp)) {
    s.readers = Readers::grid;
  } else if (s.readers != Readers::block && of_warp == warp_of(warp)) {
    s.readers = Readers::warp, s.reader = of_warp;
  } else {
    s.readers = Readers::block, s.reader = of_block;
  }
}

uint8_t mask_of(size_t offset, size_t bytes) {
  return static_cast<uint8_t>(((1U << bytes) - 1) << offset % Shadow::bytes);
}

void check_granule(Warp& warp, Shadow& s, uint8_t mask, uint32_t thread, const Touch& touch, size_t offset,
                   size_t done, size_t part) {
  const bool writes = touch.use == Use::write;
  const bool is_same = writes && std::memcmp(touch.now + done, touch.value + done, part) == 0;
  check_writer(warp, s, mask, thread, touch, offset + done, is_same);
  if (writes) {
    check_readers(warp, s, mask, thread, touch, offset + done, is_same);
    s.writer = thread + 1, s.write_time = warp.time, s.write_mask = mask;
    if ((s.read_mask & ~mask) == 0) s.readers = Shadow::Readers::none, s.read_mask = 0;
  } else {
    note_reader(warp, s, mask, thread, touch);
  }
}

Present present_of(const Warp& warp, uint32_t quiet_time) {
  return {thread_of(warp, 0), block_of(warp),           warp_of(warp), warp.time,
          quiet_time,         warp.block->barrier_time, warp.sync_time};
}

}  // namespace

// All notes before the launch, and in shared memory those before the block's last barrier.
Present Present::of_global(const Warp& warp) {
  return present_of(warp, warp.block->launch->start_time);
}
Present Present::of_shared(const Warp& warp) {
  return present_of(warp, warp.block->barrier_time);
}

void check_race(Warp& warp, const Present& present, Shadow* shadows, size_t offset, size_t bytes,
                const Touch& touch) {
  const uint32_t thread = present.first_thread + static_cast<uint32_t>(touch.lane);
  for (size_t done = 0; done < bytes; done += Shadow::bytes) {
    const size_t part = std::min(bytes - done, Shadow::bytes);
    Shadow& s = shadows[(offset + done) / Shadow::bytes];
    const uint8_t mask = mask_of(offset + done, part);
    const bool is_quiet = touch.use == Use::write ? is_quiet_write(s, mask, thread, present)
                                                  : is_quiet_read(s, mask, thread, present);
    if (!is_quiet) check_granule(warp, s, mask, thread, touch, offset, done, part);
  }
}

void count_touched(Warp& warp, Shadow* shadows, size_t offset, size_t bytes) {
  const uint32_t start = warp.block->launch->start_time;
  for (size_t done = 0; done < bytes; done += Shadow::bytes) {
    const size_t part = std::min(bytes - done, Shadow::bytes);
    Shadow& s = shadows[(offset + done) / Shadow::bytes];
    if (s.touch_time != start) s.touch_time = start, s.touched = 0;
    const auto fresh = static_cast<uint8_t>(mask_of(offset + done, part) & ~s.touched);
    if (fresh == 0) continue;
    s.touched |= fresh;
    warp.block->counters.touched_bytes += static_cast<uint64_t>(std::popcount(fresh));
  }
}

namespace {

struct alignas(64) Stripe {  // a cache line of its own
  std::atomic_flag taken = ATOMIC_FLAG_INIT;
};
Stripe stripes[64];

void take(std::atomic_flag& flag) {
  for (int attempts = 0; flag.test_and_set(std::memory_order_acquire); ++attempts) {
    if (attempts % 64 == 63) std::this_thread::yield();  // the owner may have no core
  }
}

}  // namespace

// In rising order, so that nobody waits for one who waits.
ShadowLock::ShadowLock(uint64_t mask) : stripes_(mask) {
  for (uint64_t rest = mask; rest != 0; rest &= rest - 1) take(stripes[std::countr_zero(rest)].taken);
}

ShadowLock::~ShadowLock() {
  for (uint64_t rest = stripes_; rest != 0; rest &= rest - 1)
    stripes[std::countr_zero(rest)].taken.clear(std::memory_order_release);
}

}  // namespace gpusim
