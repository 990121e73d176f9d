// The checks themselves: planted mistakes are found.
#include <doctest/doctest.h>

#include "apps/checks/device_checks.h"
#include "apps/checks/guarded.h"
#include "apps/checks/op_runs.h"

using namespace mosaic;
using namespace mosaic::checks;

namespace {

bool mentions(const CaseReport& report, const std::string& text) {
  for (const std::string& failure : report.failures)
    if (failure.find(text) != std::string::npos) return true;
  return false;
}

OpCase squaring() {
  return {.name = "square",
          .inputs = {{3, 5}},
          .run = [](const Tensors& t) { return square(t[0]); },
          .composed = [](const Tensors& t) { return t[0] * t[0]; }};
}

}  // namespace

TEST_CASE("checks: a right op has no failures, and says how far it was off") {
  const CaseReport report = check_on_cpu(squaring());
  CHECK(report.failures.empty());
  CHECK(report.measures.size() >= 5);
  for (const Measure& m : report.measures) CHECK(m.error < m.tolerance);
}

TEST_CASE("checks: wrong values, derivatives and bits are found") {
  OpCase wrong = squaring();
  wrong.composed = [](const Tensors& t) { return t[0] * t[0] + 1e-6; };
  CHECK(mentions(check_on_cpu(wrong), "definition, f64"));

  wrong = squaring();
  wrong.run = [](const Tensors& t) { return square(t[0]) + (t[0] - t[0].detach()) * 0.01; };
  CHECK(mentions(check_on_cpu(wrong), "gradient, f64"));

  wrong = squaring();
  int runs = 0;
  wrong.run = [&runs](const Tensors& t) { return square(t[0]) + (++runs % 2) * 1e-7; };
  CHECK(mentions(check_on_cpu(wrong), "a second run gives other bits"));

  wrong = squaring();
  wrong.run = [](const Tensors& t) { return square(t[0]) + threads() * 1e-7; };
  CHECK(mentions(check_on_cpu(wrong), "another number of threads"));

  wrong = squaring();
  wrong.run = [](const Tensors& t) { return t[0].is_dense() ? square(t[0]) : square(t[0]) * (1 + 1e-6); };
  CHECK(mentions(check_on_cpu(wrong), "slices give other bits"));
  CHECK_FALSE(mentions(check_on_cpu(wrong, Level::quick), "slices give other bits"));

  wrong = squaring();
  wrong.run = [](const Tensors& t) -> Tensor { return reshape(t[0], {4, 4}); };
  CHECK(mentions(check_on_cpu(wrong), "reshape"));
}

TEST_CASE("checks: writes outside of blocks are found, and what nobody wrote is no number") {
  const Guarded guarded(cpu());
  {
    const Tensor x = Tensor::empty({7}), y = Tensor::empty({5}, u8);
    CHECK(x.values()[6] != x.values()[6]);
    fill_(x, 1), fill_(y, 1);
    CHECK(guarded.breaches().empty());
    x.data<float>()[7] = 0;
    CHECK(guarded.breaches().size() == 1);  // still in use
    y.data<uint8_t>()[-1] = 0;
  }
  const std::vector<std::string> breaches = guarded.breaches();
  REQUIRE(breaches.size() == 2);
  CHECK((breaches[0] + breaches[1]).find("after a block of 28 were written over") != std::string::npos);
  CHECK((breaches[0] + breaches[1]).find("1 byte before a block of 5 was written over") != std::string::npos);
}

TEST_CASE("checks: an op that writes beyond its result or reads what was not written fails") {
  OpCase wrong = squaring();
  wrong.differentiable = false;
  wrong.run = [](const Tensors& t) {
    const Tensor y = square(t[0]);
    char* const end = static_cast<char*>(y.raw()) + y.numel() * size_of(y.dtype());
    if (y.numel() % 16 != 0) *end ^= 1;  // within the allocator's rounding: nothing else is hurt
    return y;
  };
  CHECK(mentions(check_on_cpu(wrong), "after a block"));
  wrong.run = [](const Tensors& t) {
    const Tensor y = Tensor::empty(t[0].shape(), t[0].dtype());
    copy_(slice(y, 0, 0, 2), slice(t[0], 0, 0, 2));
    return y;
  };
  CHECK(mentions(check_on_cpu(wrong), "a second run gives other bits"));
}

TEST_CASE("checks: products, memory and training hold on the CPU") {
  for (const CaseReport& report : {check_products(cpu(), Level::quick), check_memory(cpu(), Level::quick),
                                   check_training(cpu(), Level::full)}) {
    for (const std::string& failure : report.failures) FAIL_CHECK(failure);
  }
}

TEST_CASE("checks: memory used after the guard has ended is looked at when it is given back") {
  Tensor held;
  {
    const Guarded guarded(cpu());
    held = Tensor::full({9}, 2);
  }
  CHECK(sum(held).item<float>() == 18);
  const uint64_t current = allocator().stats().current;
  held = {};
  CHECK(allocator().stats().current < current);
  CHECK(breaches(cpu()).empty());
}
