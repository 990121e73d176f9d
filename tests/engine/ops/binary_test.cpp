// Gradients of two operands in one pass: which of them are wanted, how they were broadcast, where they go.
#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {

using Binary = Tensor (*)(const Tensor&, const Tensor&);
constexpr Binary functions[] = {mul, div, maximum, minimum};

// The gradient of x after two sweeps from f(x) with the same seed.
Tensor gradient(const Tensor& x, const Tensor& seed, const std::function<Tensor(const Tensor&)>& f) {
  Tensor leaf = x.detach();
  leaf.track();
  f(leaf).backward(seed);
  f(leaf).backward(seed);
  return leaf.grad();
}

}  // namespace

TEST_CASE("ops: gradients of broadcast operands are sums of whole ones, whichever are wanted") {
  Generator rng(2);
  const std::pair<Shape, Shape> cases[] = {
      {{70, 300}, {300}}, {{70, 300}, {70, 1}}, {{2, 3, 4, 5}, {3, 1, 1}},
      {{6, 1}, {1, 9}},   {{1, 7}, {7}},        {{}, {3, 4}},
      {{3, 5}, {3, 5}},   {{0, 5}, {5}},        {{4, 1, 5}, {4, 3, 1}}};
  for (const Binary f : functions) {
    for (const auto& [left, right] : cases) {
      CAPTURE(left);
      CAPTURE(right);
      const Tensor a = normal(left, 0, 1, rng, f64), b = normal(right, 0, 1, rng, f64) + 4.0;
      const Shape whole = Shape::broadcast(left, right);
      const Tensor seed = normal(whole, 0, 1, rng, f64);
      const auto spread = [&](const Tensor& x) { return expand(x, whole).dense(); };
      const Tensor da = gradient(a, seed, [&](const Tensor&x) { return f(spread(x), spread(b)); }),
                   db = gradient(b, seed, [&](const Tensor&x) { return f(spread(a), spread(x)); });
      // One of them
      CHECK(difference(gradient(a, seed, [&](const Tensor& x) { return f(x, b); }), da) < 1e-12);
      CHECK(difference(gradient(b, seed, [&](const Tensor& x) { return f(a, x); }), db) < 1e-12);
      // Both
      Tensor x = a.detach(), z = b.detach();
      x.track(), z.track();
      for (int sweep = 0; sweep < 2; ++sweep) f(x, z).backward(seed);
      CHECK(difference(x.grad(), da) < 1e-12);
      CHECK(difference(z.grad(), db) < 1e-12);
    }
  }
}

TEST_CASE("ops: both gradients go to one tensor") {
  Generator rng(4);
  const Tensor x = normal({40, 40}, 3, 0.3, rng, f64), seed = normal({40, 40}, 0, 1, rng, f64);
  for (const Binary f : functions) {
    // f(x, its transpose): dx is the first's gradient and the transpose of the second's.
    const auto first = [&](const Tensor& t) { return f(t, transpose(x).detach()); };
    const auto second = [&](const Tensor& t) { return f(x.detach(), transpose(t)); };
    const Tensor want = gradient(x, seed, first) + gradient(x, seed, second);
    CHECK(difference(gradient(x, seed, [&](const Tensor& t) { return f(t, transpose(t)); }), want) < 1e-12);
    // A matrix and its own first row.
    const auto by_row = [&](const Tensor& t) { return f(t, slice(x, 0, 0, 1).detach()); };
    const auto of_row = [&](const Tensor& t) { return f(x.detach(), slice(t, 0, 0, 1)); };
    const Tensor sum = gradient(x, seed, by_row) + gradient(x, seed, of_row);
    CHECK(difference(gradient(x, seed, [&](const Tensor& t) { return f(t, slice(t, 0, 0, 1)); }), sum) <
          1e-12);
  }
}

TEST_CASE("ops: a whole gradient goes to a view of any layout while the other is summed") {
  Generator rng(6);
  const Tensor base = normal({6, 7, 8}, 3, 0.3, rng, f64), row = normal({5}, 3, 0.3, rng, f64);
  const std::function<Tensor(const Tensor&)> views[] = {
      [](const Tensor& t) { return slice(slice(t, 1, 1, 6), 2, 2, 7); },             // {6, 5, 5}
      [](const Tensor& t) { return slice(slice(transpose(t), 2, 0, 5), 1, 0, 4); },  // {6, 4, 5}
      [](const Tensor& t) { return slice(transpose(t, 0, 2), 2, 0, 5); },            // {8, 7, 5}
  };
  for (const Binary f : functions) {
    for (const auto& view : views) {
      const Tensor seed = normal(view(base).shape(), 0, 1, rng, f64);
      Tensor leaf = base.detach(), summed = row.detach();
      leaf.track(), summed.track();
      for (int sweep = 0; sweep < 2; ++sweep) f(view(leaf), summed).backward(seed);
      const Tensor want = gradient(
          base, seed, [&](const Tensor& t) { return f(view(t), expand(row, seed.shape()).dense()); });
      CHECK(difference(leaf.grad(), want) < 1e-12);
      CHECK(difference(summed.grad(), gradient(row, seed, [&](const Tensor& t) {
                         return f(view(base).dense(), expand(t, seed.shape()).dense());
                       })) < 1e-12);
    }
  }
}

TEST_CASE("ops: summed gradients have the same bits for any number of threads") {
  Generator rng(8);
  const Tensor a = normal({700, 500}, 0, 1, rng), row = normal({500}, 0, 1, rng),
               column = normal({700, 1}, 0, 1, rng), seed = normal({700, 500}, 0, 1, rng);
  const int before = threads();
  for (const Tensor& other : {row, column}) {
    Tensor gradients[2];
    for (const int count : {1, 2}) {
      set_threads(count);
      gradients[count - 1] = gradient(other, seed, [&](const Tensor& t) { return a * t; });
    }
    CHECK(same_bits(gradients[0], gradients[1]));
  }
  set_threads(before);
}
