// Right kernels run without a report; blocks, warps and workers in any order give the same bits and counts.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

#include "tests/gpusim/selfcheck/right.h"
#include "tests/gpusim/simulator.h"

using namespace gpusim;
using namespace gpusim::selfcheck;

namespace {

std::vector<Right> right_kernels() {
  std::vector<Right> all = right_row_kernels();
  for (const Right& kernel : right_block_kernels()) all.push_back(kernel);
  return all;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

bool same_counts(const std::map<std::string, Counters>& a, const std::map<std::string, Counters>& b) {
  static_assert(sizeof(Counters) == 10 * sizeof(uint64_t),
                "a counter came in: nothing but numbers is compared");
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
           return x.first == y.first && std::memcmp(&x.second, &y.second, sizeof(Counters)) == 0;
         });
}

std::string counts_in_words(const std::map<std::string, Counters>& counts) {
  std::ostringstream text;
  for (const auto& [name, c] : counts) {
    text << "\n" << name << ":";
    for (const uint64_t number :
         {c.launches, c.warp_instructions, c.lane_instructions, c.global_requests, c.global_sectors,
          c.global_bytes, c.shared_requests, c.bank_conflicts, c.local_accesses, c.touched_bytes}) {
      text << " " << number;
    }
  }
  return text.str();
}

}  // namespace

TEST_CASE("gpusim: right kernels compute what they should, without a report") {
  for (const Right& kernel : right_kernels()) {
    INFO(std::string(kernel.name));
    std::vector<float> got;
    CHECK_NOTHROW(got = kernel.run());
    const std::vector<float> want = kernel.expected();
    CHECK(got.size() == want.size());
    if (got.size() != want.size()) continue;
    for (size_t i = 0; i < want.size(); ++i) {
      if (!(std::fabs(got[i] - want[i]) <= kernel.tolerance * (1 + std::fabs(want[i])))) {
        FAIL_CHECK("[", i, "] is ", got[i], ", not ", want[i]);
        break;
      }
    }
  }
}

TEST_CASE(
    "gpusim: orders, workers, checks and deferred streams change no bit of right kernels, and no count") {
  const Options before = options();
  for (const Right& kernel : right_kernels()) {
    INFO(std::string(kernel.name));
    options() = {};
    options().workers = 1;
    reset_counters();
    std::vector<float> want;
    CHECK_NOTHROW(want = kernel.run());
    if (want.empty()) continue;
    const std::map<std::string, Counters> want_counts = counters();
    CHECK(!want_counts.empty());
    for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) {
      for (const int workers : {1, 2}) {
        for (const bool deferred : {false, true}) {
          INFO("order ", static_cast<int>(order), ", workers ", workers, ", deferred ", deferred);
          options().order = order;
          options().seed = static_cast<uint64_t>(workers) * 77;
          options().workers = workers;
          options().deferred = deferred;
          reset_counters();
          std::vector<float> got;
          CHECK_NOTHROW(got = kernel.run());
          CHECK(same_bits(got, want));
          const bool same = same_counts(counters(), want_counts);
          CHECK_MESSAGE(same, "counts:", counts_in_words(counters()), "\nnot", counts_in_words(want_counts));
        }
      }
    }
    options().checks = false;
    std::vector<float> unchecked;
    CHECK_NOTHROW(unchecked = kernel.run());
    CHECK(same_bits(unchecked, want));
  }
  options() = before;
  reset_counters();
}
