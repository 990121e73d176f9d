// Statistics against values computed by hand or known from SciPy and NumPy, and Pareto fronts.
#include <doctest/doctest.h>

#include <cmath>

#include "nas/pareto.h"
#include "nas/statistics.h"
#include "nas_support.h"

using namespace mosaic;
using namespace mosaic::nas;

using Values = std::vector<double>;

TEST_CASE("tau-b with ties") {
  CHECK(kendall_tau(Values{12, 2, 1, 12, 2}, Values{1, 4, 7, 1, 0}) == doctest::Approx(-0.47140452079103173));
  CHECK(kendall_tau(Values{1, 2, 3, 4}, Values{1, 2, 3, 4}) == 1);
  CHECK(kendall_tau(Values{1, 2, 3, 4}, Values{4, 3, 2, 1}) == -1);
  CHECK(kendall_tau(Values{1, 2, 3}, Values{1, 3, 2}) == doctest::Approx(1.0 / 3));
  CHECK(std::isnan(kendall_tau(Values{1, 1, 1}, Values{1, 2, 3})));
  // Against the definition, pair by pair.
  Generator g(5);
  for (int trial = 0; trial < 20; ++trial) {
    Values x, y;
    for (int i = 0; i < 40; ++i) {
      x.push_back(static_cast<double>(g.below(8)));
      y.push_back(x.back() + static_cast<double>(g.below(8)));
    }
    double score = 0, untied_x = 0, untied_y = 0;
    for (size_t i = 0; i < x.size(); ++i)
      for (size_t j = 0; j < i; ++j) {
        const double dx = x[i] - x[j], dy = y[i] - y[j];
        score += dx * dy > 0 ? 1 : dx * dy < 0 ? -1 : 0;
        untied_x += dx != 0, untied_y += dy != 0;
      }
    CHECK(kendall_tau(x, y) == doctest::Approx(score / std::sqrt(untied_x * untied_y)));
  }
}

TEST_CASE("Jensen-Shannon distance") {
  CHECK(jensen_shannon_distance(Values{0.3, 0.7}, Values{0.3, 0.7}) == 0);
  CHECK(jensen_shannon_distance(Values{1, 0}, Values{0, 1}) == doctest::Approx(0.8325546));
  CHECK(jensen_shannon_distance(Values{2, 0}, Values{0, 5}) == doctest::Approx(std::sqrt(std::log(2))));
  CHECK(jensen_shannon_distance(Values{0.71, 0.29}, Values{0.29, 0.71}) ==
        doctest::Approx(0.297).epsilon(0.02));
  CHECK(!refusal([] { jensen_shannon_distance(Values{0, 0}, Values{1, 0}); }).empty());
  CHECK(!refusal([] { jensen_shannon_distance(Values{-1, 2}, Values{1, 0}); }).empty());
}

TEST_CASE("errors, deviation and quantiles") {
  CHECK(mean_absolute_error(Values{1, 2, 3}, Values{2, 2, 5}) == doctest::Approx(1));
  CHECK(root_mean_square_error(Values{1, 2, 3}, Values{2, 2, 5}) == doctest::Approx(std::sqrt(5.0 / 3)));
  CHECK(mean_absolute_percentage_error(Values{1, 3}, Values{2, 4}) == doctest::Approx(37.5));
  CHECK(deviation(Values{2, 4, 4, 4, 5, 5, 7, 9}) == doctest::Approx(2.1380899));
  CHECK(quantile(Values{4, 1, 3, 2}, 0.25) == doctest::Approx(1.75));
  CHECK(quantile(Values{4, 1, 3, 2}, 1) == 4);
  CHECK(quantile(Values{7}, 0.3) == 7);
  CHECK(refusal([] { mean(Values{}); }).find("no values") != std::string::npos);
  CHECK(!refusal([] { mean_absolute_error(Values{1}, Values{1, 2}); }).empty());
  CHECK(!refusal([] { mean(Values{1, NAN}); }).empty());
}

TEST_CASE("Pareto front") {
  CHECK(pareto_front({{1, 5}, {2, 3}, {3, 4}, {4, 1}, {2, 3}, {1, 6}}) == std::vector<size_t>{0, 1, 3});
  CHECK(pareto_front({}).empty());
  Generator g(2);
  std::vector<Values> points;
  for (int i = 0; i < 200; ++i) points.push_back({g.uniform(), g.uniform(), g.uniform()});
  std::vector<bool> in_front(points.size(), false);
  for (const size_t i : pareto_front(points)) in_front[i] = true;
  for (size_t i = 0; i < points.size(); ++i) {
    bool beaten = false;
    for (const Values& p : points)
      beaten |= p != points[i] && p[0] <= points[i][0] && p[1] <= points[i][1] && p[2] <= points[i][2];
    CHECK(in_front[i] == !beaten);
  }
  CHECK(!refusal([] { pareto_front({{1, 2}, {1}}); }).empty());
}
