// bf16 and f16: every conversion against exact arithmetic, and what ops do with them.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "apps/checks/op_runs.h"
#include "engine/engine.h"

namespace mosaic {
namespace {

struct Format {
  int mantissa, smallest_exponent;  // stored bits; of the smallest normal number
  double largest;
};
constexpr Format bf16_format{7, -126, 0x1.fep127}, f16_format{10, -14, 65504};

// The number with the format's precision nearest to x, ties to even, in double.
double rounded(double x, const Format& format) {
  if (x == 0 || !std::isfinite(x)) return x;
  const int exponent = std::max(std::ilogb(x), format.smallest_exponent);
  const double unit = std::ldexp(1.0, exponent - format.mantissa);
  const double y = std::nearbyint(x / unit) * unit;
  return std::abs(y) > format.largest ? std::copysign(std::numeric_limits<double>::infinity(), x) : y;
}

template <class H>
float through(float x) {
  return static_cast<float>(H(x));
}

float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// Floats of every exponent and sign, at and around where rounding turns.
template <class H>
void check_rounding(const Format& format) {
  int wrong = 0;
  for (uint32_t high = 0; high < 0x10000; high += 3) {
    for (const uint32_t low :
         {0x0000u, 0x0001u, 0x0fffu, 0x1000u, 0x1001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const float x = float_of(high << 16 | low);
      const float y = through<H>(x);
      if (std::isnan(x) ? !std::isnan(y) : static_cast<double>(y) != rounded(static_cast<double>(x), format))
        ++wrong;
    }
  }
  CHECK(wrong == 0);
}

template <class H>
void check_all_values() {
  int wrong = 0;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    H half;
    half.bits = static_cast<uint16_t>(bits);
    const float x = half;
    if (std::isnan(x)) continue;
    if (H(x).bits != half.bits) ++wrong;
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("half types: rounding to nearest, ties to even, with denormals and overflow") {
  check_rounding<BFloat16>(bf16_format);
  check_rounding<Half>(f16_format);
  CHECK(std::isinf(through<Half>(65520.0f)));
  CHECK(through<Half>(65519.0f) == 65504.0f);
  CHECK(through<Half>(0x1p-25f) == 0.0f);
  CHECK(through<Half>(0x1.1p-25f) == 0x1p-24f);
  CHECK(std::signbit(through<Half>(-0.0f)));
  CHECK(std::isnan(through<BFloat16>(std::nanf(""))));
}

TEST_CASE("half types: every value survives f32") {
  check_all_values<BFloat16>();
  check_all_values<Half>();
}

TEST_CASE("half types: conversions between all dtypes go through f32") {
  const Tensor x = Tensor::from(std::vector<float>{0, 1, -2.5f, 100, 3.1415926f, 250}, {6});
  for (const DType half : {bf16, f16}) {
    CAPTURE(half);
    const Tensor h = x.to(half);
    CHECK(h.dtype() == half);
    CHECK(h.to(f64).values() == h.values());
    CHECK(h.to(i32).values() == std::vector<double>{0, 1, -2, 100, 3, 250});
    CHECK(h.to(u8).values() == std::vector<double>{0, 1, 0, 100, 3, 250});
    CHECK(x.to(f64).to(half).values() == h.values());
    CHECK(x.to(i32).to(half).values() == x.to(i32).values());
    const DType other = half == bf16 ? f16 : bf16;
    CHECK(h.to(other).values() == h.to(f32).to(other).values());
    CHECK(arange(5, half).values() == std::vector<double>{0, 1, 2, 3, 4});
    CHECK(Tensor::full({2}, 0.1, half).values() == Tensor::full({2}, 0.1, f32).to(half).values());
  }
}

TEST_CASE("half types: master weights in f32 beside half activations") {
  Generator rng(5);
  Tensor x = normal({3, 4}, 0, 1, rng).to(bf16), weight = normal({5, 4}, 0, 1, rng),
         bias = normal({5}, 0, 1, rng), gamma = normal({5}, 1, 0.1, rng), beta = normal({5}, 0, 0.1, rng);
  for (Tensor* tensor : {&x, &weight, &bias, &gamma, &beta}) tensor->track();
  const Tensor y = layer_norm(linear(x, weight, bias), gamma, beta);
  CHECK(y.dtype() == bf16);
  y.backward(Tensor::full(y.shape(), 1, bf16));
  CHECK(x.grad().dtype() == bf16);
  for (const Tensor* tensor : {&weight, &bias, &gamma, &beta}) CHECK(tensor->grad().dtype() == f32);
  const Tensor z = linear(x.detach(), weight.detach().to(bf16), bias.detach().to(bf16));
  CHECK(z.values() == linear(x.detach(), weight.detach(), bias.detach()).values());
  CHECK_THROWS_AS(linear(x, weight.detach().to(f16), bias), DtypeError);
  CHECK_THROWS_AS(add(x, weight), DtypeError);
}

TEST_CASE("half types: gradients of master weights are sums that are never rounded") {
  using checks::difference;
  Generator rng(7);
  for (const DType half : {bf16, f16}) {
    const Tensor x = normal({33, 8}, 0, 1, rng).to(half), dy = normal({33, 5}, 0, 1, rng).to(half);
    Tensor weight = normal({5, 8}, 0, 1, rng), bias = normal({5}, 0, 1, rng);
    weight.track(), bias.track();
    for (int sweep = 0; sweep < 2; ++sweep) linear(x, weight, bias).backward(dy);
    const Tensor dw = matmul(transpose(dy.to(f32)), x.to(f32)), db = sum(dy.to(f32), 0);
    CHECK(difference(weight.grad(), dw + dw) < 1e-6);
    CHECK(difference(bias.grad(), db + db) < 1e-6);
    CHECK(difference(dw, dw.to(half).to(f32)) > 1e-5);  // rounding would be seen
  }
}

TEST_CASE("half types: losses, statistics and optimizers stay in f32") {
  Generator rng(6);
  Tensor logits = normal({4, 7}, 0, 2, rng).to(bf16);
  logits.track();
  const Tensor targets = Tensor::from(std::vector<int32_t>{0, 6, 3, 3}, {4});
  const Tensor loss = cross_entropy(logits, targets, 0.1);
  CHECK(loss.dtype() == f32);
  CHECK(loss.values() == cross_entropy(logits.detach().to(f32), targets, 0.1).values());
  sum(loss).backward();
  CHECK(logits.grad().dtype() == bf16);
  CHECK(squared_norm(logits.detach()) == squared_norm(logits.detach().to(f32)));
  const Tensor w = Tensor::zeros({2}, bf16), m = Tensor::zeros({2}, bf16), v = Tensor::zeros({2}, bf16);
  CHECK_THROWS_AS(
      adamw_(w, w, m, v, {.lr = 1, .beta1 = 0, .beta2 = 0, .eps = 1, .weight_decay = 0, .step = 1}),
      DtypeError);
}

}  // namespace mosaic
