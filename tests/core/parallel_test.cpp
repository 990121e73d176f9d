#include "engine/core/parallel.h"

#include <doctest/doctest.h>

#include <numeric>
#include <stdexcept>
#include <vector>

#include "engine/core/error.h"

using namespace mosaic;

TEST_CASE("parallel_for visits every index once, whatever the threads and the grain") {
  const int before = threads();
  for (const int team : {1, 2, 5}) {
    set_threads(team);
    CHECK(threads() == team);
    for (const int64_t n : {0, 1, 7, 1000}) {
      for (const int64_t grain : {0, 1, 3, 5000}) {
        std::vector<int> visits(static_cast<size_t>(n), 0);
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        });
        CHECK(std::accumulate(visits.begin(), visits.end(), int64_t{0}) == n);
        for (const int count : visits) REQUIRE(count == 1);
      }
    }
  }
  set_threads(before);
}

TEST_CASE("an exception of a piece reaches the caller and nested loops are serial") {
  const int before = threads();
  set_threads(3);
  CHECK_THROWS_AS(parallel_for(100, 1,
                               [](int64_t begin, int64_t) {
                                 if (begin > 0) throw FormatError("piece", "bad");
                               }),
                  FormatError);
  std::vector<int64_t> sums(8, 0);
  parallel_for(8, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      parallel_for(100, 1, [&](int64_t b, int64_t e) { sums[static_cast<size_t>(i)] += e - b; });
    }
  });
  for (const int64_t sum : sums) CHECK(sum == 100);
  CHECK_THROWS_AS(set_threads(0), ArgumentError);
  CHECK_THROWS_AS(set_threads(-1), ArgumentError);
  CHECK(threads() == 3);
  set_threads(before);
}
