#include "engine/core/meter.h"

#include <omp.h>

#include <chrono>

#include "engine/core/error.h"

namespace mosaic {
namespace metering {

std::atomic<bool> on{false};

namespace {

std::atomic<int64_t> multiply_adds{0}, launches{0}, nanoseconds{0};
thread_local bool inside = false;

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void add_products(int64_t count) {
  multiply_adds.fetch_add(count, std::memory_order_relaxed);
}

void KernelSpan::begin() {
  if (inside || omp_in_parallel()) return;
  inside = begun_ = true;
  start_ = now();
}

void KernelSpan::end() const {
  nanoseconds.fetch_add(now() - start_, std::memory_order_relaxed);
  launches.fetch_add(1, std::memory_order_relaxed);
  inside = false;
}

}  // namespace metering

Meter::Meter() {
  check(!metering::on.load(), "meter", "another meter is counting");
  metering::multiply_adds = metering::launches = metering::nanoseconds = 0;
  metering::on = true;
}

Meter::~Meter() {
  metering::on = false;
}

Metered Meter::read() const {
  return {.multiply_adds = metering::multiply_adds,
          .launches = metering::launches,
          .kernel_seconds = static_cast<double>(metering::nanoseconds) * 1e-9};
}

}  // namespace mosaic
