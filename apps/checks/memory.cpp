#include <exception>

#include "apps/checks/device_checks.h"

namespace mosaic::checks {
namespace {

struct Held {
  Tensor block;
  int32_t number;
};

bool intact(const Held& held) {
  const Tensor same = equal(held.block, Tensor::full({1}, held.number, i32, held.block.device()));
  return sum(same.to(f32)).item<double>() == static_cast<double>(held.block.numel());
}

void hold_and_release(Device device, int64_t rounds, int64_t largest, CaseReport& report) {
  Generator rng(5);
  std::vector<Held> held;
  int64_t damaged = 0;
  const auto give_back = [&](size_t i) {
    damaged += intact(held[i]) ? 0 : 1;
    held[i] = held.back();
    held.pop_back();
  };
  for (int64_t round = 0; round < rounds; ++round) {
    // Sizes of every magnitude, some of them empty.
    const auto bound = static_cast<uint64_t>(largest >> rng.below(16)) + 1;
    const Shape shape{static_cast<int64_t>(rng.below(bound))};
    const auto number = static_cast<int32_t>(round + 1);
    held.push_back({Tensor::full(shape, number, i32, device), number});
    if (held.size() > 24) give_back(rng.below(held.size()));
  }
  while (!held.empty()) give_back(held.size() - 1);
  report.holds(damaged == 0,
               cat("memory: ", damaged, " of ", rounds, " blocks changed while others were used"));
}

}  // namespace

CaseReport check_memory(Device device, Level level) {
  CaseReport report;
  try {
    Allocator& memory = allocator(device);
    const uint64_t before = memory.stats().current;
    const bool full = level == Level::full;
    hold_and_release(device, full ? 1500 : 200, full ? 1 << 20 : 1 << 14, report);
    try {
      Tensor::empty({int64_t{1} << 48}, f32, device);
      report.holds(false, "memory: a request for 2^50 bytes was served");
    } catch (const ResourceError&) {  // as it should be, and the device goes on:
      report.holds(sum(Tensor::full({33}, 2, f32, device)).item<double>() == 66,
                   "memory: a sum after a refused request is wrong");
    }
    memory.empty_cache();
    report.holds(memory.stats().current == before,
                 cat("memory: ", memory.stats().current, " bytes are in use, ", before, " were before"));
  } catch (const std::exception& error) {
    report.holds(false, error.what());
  }
  return report;
}

}  // namespace mosaic::checks
