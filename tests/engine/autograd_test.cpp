#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "engine/engine.h"
#include "tests/support/op_case.h"

using namespace mosaic;

namespace {

Tensor leaf(std::vector<double> values, const Shape& shape) {
  Tensor x = Tensor::from(values, shape);
  x.track();
  return x;
}

}  // namespace

TEST_CASE("backward: shared results get the sum of their gradients") {
  const Tensor x = leaf({3}, {});
  const Tensor y = x * x + x;  // dy/dx = 2x + 1
  y.backward();
  CHECK(x.grad().item<double>() == 7);
  x.zero_grad();
  CHECK_FALSE(x.has_grad());
  const Tensor z = x + x;
  (z * z).backward();  // 4x^2
  CHECK(x.grad().item<double>() == 24);
}

TEST_CASE("backward: gradients of leaves add up over sweeps until zeroed") {
  const Tensor x = leaf({1, 2}, {2});
  sum(square(x)).backward();
  sum(square(x)).backward();
  CHECK(x.grad().values() == std::vector<double>{4, 8});
}

TEST_CASE("backward: one tensor delivered to two inputs is not shared by accident") {
  const Tensor a = leaf({1, 1}, {2}), b = leaf({1, 1}, {2});
  const Tensor p = a * 1.0, q = b * 1.0;
  const Tensor y = p + q;       // hands the same gradient to p and q
  sum(y + p * 3.0).backward();  // and p gets more
  CHECK(a.grad().values() == std::vector<double>{4, 4});
  CHECK(b.grad().values() == std::vector<double>{1, 1});
}

TEST_CASE("backward: slices put gradients into the base, without full-size temporaries") {
  Tensor w = Tensor::zeros({512, 512});
  w.track();
  const Tensor x = Tensor::full({4, 16}, 1.0);
  const auto step = [&] {
    w.zero_grad();
    for (int i = 0; i < 4; ++i) sum(linear(x, leading(w, {8, 16}))).backward();
  };
  step();  // makes the one full-size gradient
  allocator().reset_peak();
  const uint64_t before = allocator().stats().current;
  step();
  CHECK(allocator().stats().peak - before < 512 * 512 * 4 / 8);
  CHECK(w.grad().values()[0] == 16);  // 4 sweeps x 4 rows
  CHECK(w.grad().values()[16] == 0);  // outside the slice
  CHECK(squared_norm(w.grad()) == 8 * 16 * 16.0 * 16.0);
  const Tensor inner = leading(leading(w, {8, 16}), {2, 2});  // slices of slices reach the root
  w.zero_grad();
  sum(inner).backward();
  CHECK(squared_norm(w.grad()) == 4);
}

TEST_CASE("backward: a second sweep and in-place changes are refused by name") {
  const Tensor x = leaf({1, 2}, {2});
  const Tensor y = sum(exp(x));
  y.backward();
  CHECK_THROWS_WITH_AS(y.backward(), doctest::Contains("backward a second time"), GradError);
  const Tensor kept = sum(exp(x));
  kept.backward({}, {.keep_graph = true});
  CHECK_NOTHROW(kept.backward());

  const Tensor e = exp(x);
  const Tensor z = sum(e);
  fill_(e.detach(), 0);
  CHECK_THROWS_WITH_AS(z.backward(), doctest::Contains("modified in place"), GradError);
}

TEST_CASE("backward: misuse has messages") {
  const Tensor x = leaf({1, 2}, {2});
  CHECK_THROWS_WITH_AS(square(x).backward(), doctest::Contains("needs a seed"), GradError);
  CHECK_THROWS_AS(Tensor::zeros({2}).backward(), GradError);
  Tensor ids = Tensor::zeros({2}, i32);
  CHECK_THROWS_AS(ids.track(), GradError);
}

TEST_CASE("NoGrad records nothing, detach cuts") {
  const Tensor x = leaf({2}, {});
  {
    const NoGrad off;
    CHECK_FALSE((x * x).tracked());
  }
  CHECK((x * x).tracked());
  const Tensor y = x * x.detach();
  y.backward();
  CHECK(x.grad().item<double>() == 2);
}

TEST_CASE("a chain of 200,000 ops is swept and freed without recursion") {
  const Tensor x = leaf({1}, {});
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = y + 1.0;
  y.backward();
  CHECK(x.grad().item<double>() == 1);
  y = Tensor();
  Tensor unswept = x;
  for (int i = 0; i < 200000; ++i) unswept = neg(unswept);
}

TEST_CASE("hooks see and change the gradient; retain_grad keeps it") {
  const Tensor x = leaf({1, 2}, {2});
  const Tensor y = x * 2.0;
  y.retain_grad();
  y.on_grad([](Tensor& g) { g = g * 10.0; });
  double seen = 0;
  x.on_grad([&](Tensor& g) { seen = g.values()[0]; });
  sum(y).backward();
  CHECK(seen == 20);
  CHECK(y.grad().values()[0] == 10);
  CHECK(x.grad().values() == std::vector<double>{20, 20});
}

TEST_CASE("several outputs are swept together") {
  const Tensor x = leaf({1, 2}, {2});
  const Tensor a = x * 2.0, b = x * 3.0;
  const std::vector<Tensor> outputs{a, b}, seeds{Tensor::full({2}, 1, f64), Tensor::full({2}, 10, f64)};
  backward(outputs, seeds);
  CHECK(x.grad().values() == std::vector<double>{32, 32});
}

TEST_CASE("recompute gives the same gradients and keeps less") {
  Generator rng(3);
  const Tensor x = normal({8, 16}, 0, 1, rng, f64).track(), w = normal({16, 16}, 0, 1, rng, f64).track();
  const auto segment = [&](const std::vector<Tensor>& in, Generator& masks) {
    return dropout(tanh(linear(in[0], w)), 0.5, masks);
  };
  Generator first(5), second(5);
  sum(square(segment({x}, first))).backward();
  const Tensor gx = x.grad().dense().detach() * 1.0, gw = w.grad() * 1.0;
  x.zero_grad();
  w.zero_grad();
  const Tensor y =
      recompute([&](const std::vector<Tensor>& in) { return segment(in, second); }, {x}, &second);
  sum(square(y)).backward();
  CHECK(test::same_bits(x.grad(), gx));
  CHECK(test::same_bits(w.grad(), gw));
  CHECK(first.position() == second.position());
}

TEST_CASE("gradcheck finds a wrong derivative") {
  const auto wrong_square = [](const Tensor& x) {
    return record({.op = "wrong_square",
                   .inputs = {x},
                   .saved = {x},
                   .backward =
                       [](const Back& b) {
                         b.sink.add(0, b.dy * b.saved[0]);  // misses the factor 2
                       }},
                  square(x.detach()));
  };
  const Tensor x = Tensor::from(std::vector<double>{0.5, -1.5}, {2});
  const GradcheckResult wrong = gradcheck(wrong_square, x);
  CHECK_FALSE(wrong.ok);
  CHECK(wrong.worst > 0.4);
  CHECK(gradcheck([](const Tensor& in) { return square(in); }, x).ok);
  CHECK_THROWS_AS(gradcheck([](const Tensor& in) { return in; }, x.to(f32)), ArgumentError);
}

TEST_CASE("the graph prints and draws") {
  Tensor w = leaf({1, 2, 3, 4}, {2, 2});
  w.named("w");
  const Tensor y = sum(tanh(linear(Tensor::full({1, 2}, 1, f64), w)));
  std::ostringstream text, dot;
  print_graph(text, y);
  CHECK(text.str().find("%1 = linear - w{2, 2}") != std::string::npos);
  CHECK(text.str().find("tanh %1 -> {1, 2}") != std::string::npos);
  to_dot(dot, y);
  CHECK(dot.str().find("label = \"tanh") != std::string::npos);
  CHECK(graph_of(y).size() == 4);
}

TEST_CASE("NanGuard names the first op that made a NaN") {
  const NanGuard guard;
  const Tensor x = leaf({-1}, {1});
  CHECK_THROWS_WITH_AS(exp(log(x)), doctest::Contains("[log]"), GradError);
  const Tensor zero = leaf({0}, {1});
  const Tensor y = sqrt(zero);
  CHECK_THROWS_WITH_AS(y.backward(Tensor::full({1}, 1, f64)), doctest::Contains("[sqrt]"), GradError);
}
