// The counters of kernels whose numbers are known.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/gpusim/selfcheck/counting.h"

using namespace gpusim;
using namespace gpusim::selfcheck;

namespace {

// Of the only kernel whose name has the part, spaces aside.
Counters counters_of(std::string part) {
  const auto plain = [](std::string name) {
    std::erase(name, ' ');
    return name;
  };
  for (const auto& [name, counts] : counters()) {
    if (plain(name).find(plain(part)) != std::string::npos) return counts;
  }
  std::string names;
  for (const auto& [name, counts] : counters()) names += name + "; ";
  FAIL("no kernel ", part, " among ", names);
  return {};
}

}  // namespace

TEST_CASE("gpusim: requests, sectors, bytes, bank conflicts and local accesses are counted") {
  for (const Counted& counted : counted_kernels()) {
    reset_counters();
    CHECK(counters().empty());
    REQUIRE_NOTHROW(counted.run());
    const Counters got = counters_of(counted.kernel);
    const Counters& want = counted.want;
    INFO(std::string(counted.kernel));
    CHECK(got.launches == want.launches);
    CHECK(got.global_requests == want.global_requests);
    CHECK(got.global_sectors == want.global_sectors);
    CHECK(got.global_bytes == want.global_bytes);
    CHECK(got.touched_bytes == want.touched_bytes);
    CHECK(got.shared_requests == want.shared_requests);
    CHECK(got.bank_conflicts == want.bank_conflicts);
    CHECK(got.local_accesses == want.local_accesses);

    counted.run();
    const Counters twice = counters_of(counted.kernel);
    CHECK(twice.launches == 2);
    CHECK(twice.global_sectors == 2 * want.global_sectors);
    CHECK(twice.bank_conflicts == 2 * want.bank_conflicts);
    CHECK(twice.warp_instructions == 2 * got.warp_instructions);
  }
  reset_counters();
}

TEST_CASE("gpusim: instructions are counted by warp and by lane") {
  reset_counters();
  run_additions(false);
  run_additions(true);
  const Counters ten = counters_of("count_additions<10>"), twenty = counters_of("count_additions<20>");
  CHECK(twenty.warp_instructions - ten.warp_instructions == 10 * 3);
  CHECK(twenty.lane_instructions - ten.lane_instructions == 10 * 96);
  CHECK(ten.lane_instructions == 32 * ten.warp_instructions);
  reset_counters();
}
