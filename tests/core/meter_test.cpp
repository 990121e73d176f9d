#include "engine/core/meter.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

using namespace mosaic;
using metering::KernelSpan;

namespace {

void sleep_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace

TEST_CASE("a meter counts products, launches and the time inside them, and only while it lives") {
  metering::count_products(7);  // nobody counts
  { const KernelSpan span; }
  const Meter meter;
  CHECK(meter.read().multiply_adds == 0);
  CHECK(meter.read().launches == 0);
  metering::count_products(5);
  metering::count_products(6);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    const KernelSpan span;
    sleep_a_little();
  }
  const double inside = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  sleep_a_little();  // outside
  const Metered read = meter.read();
  CHECK(read.multiply_adds == 11);
  CHECK(read.launches == 3);
  CHECK(read.kernel_seconds >= 0.006);
  CHECK(read.kernel_seconds <= inside);
  CHECK_THROWS_AS(Meter(), ArgumentError);
}

TEST_CASE("a second meter begins at zero, and a span that outlives its meter does no harm") {
  {
    const Meter meter;
    metering::count_products(3);
  }
  metering::count_products(4);
  const Meter meter;
  CHECK(meter.read().multiply_adds == 0);
  CHECK(meter.read().launches == 0);
}

TEST_CASE("a parallel loop is one launch, with the loops inside it, for any number of threads") {
  const int before = threads();
  for (const int team : {1, 3}) {
    set_threads(team);
    const Meter meter;
    parallel_for(6, 1, [](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) parallel_for(4, 1, [](int64_t, int64_t) { sleep_a_little(); });
    });
    CHECK(meter.read().launches == 1);
    CHECK(meter.read().kernel_seconds >= 0.004);
    const KernelSpan around;
    parallel_for(2, 1, [](int64_t, int64_t) {});
    CHECK(meter.read().launches == 1);  // the span around is not over
  }
  set_threads(before);
}
