// What the op table does not reach, on CUDA beside the CPU: special values, other dtypes, in-place ops,
// random tensors, long loops, errors.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {

const Device cuda{DeviceKind::cuda, 0};
const double inf = std::numeric_limits<double>::infinity(),
             not_a_number = std::numeric_limits<double>::quiet_NaN();

// Equal, or both no number: which of the NaNs it is, is the device's affair.
bool same_numbers(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.to(cpu()).values(), y = b.values();
  return a.dtype() == b.dtype() && std::equal(x.begin(), x.end(), y.begin(), y.end(), [](double p, double q) {
           return p == q ? std::signbit(p) == std::signbit(q) : p != p && q != q;
         });
}

// f gives the same numbers on both devices.
void check_alike(const std::vector<double>& values, const Shape& shape, DType dtype,
                 const std::function<Tensor(const Tensor&)>& f) {
  const Tensor x = Tensor::from(values, shape).to(dtype);
  CHECK(same_numbers(f(x.to(cuda)), f(x)));
}

}  // namespace

TEST_CASE("cuda: dropout, masks and lookups have the CPU's bits") {
  Generator rng(3);
  const Tensor x = normal({37, 11}, 0, 1, rng);
  const auto drop = [](const Tensor& t) {
    Generator own(7, 5);
    return dropout(t, 0.3, own);
  };
  CHECK(same_bits(drop(x.to(cuda)), drop(x)));
  std::vector<int32_t> ids;
  for (int i = 0; i < 700; ++i) ids.push_back(static_cast<int32_t>(rng.below(rng.below(37) + 1)));
  const Tensor at = Tensor::from(ids, {700}), seed = normal({700, 11}, 0, 1, rng);
  Tensor here = x.detach(), there = x.to(cuda);
  here.track(), there.track();
  const Tensor y = embedding(here, at, 3), other = embedding(there, at.to(cuda), 3);
  CHECK(same_bits(other, y));
  y.backward(seed), other.backward(seed.to(cuda));
  CHECK(same_bits(there.grad(), here.grad()));  // sums in the order of positions on both
}

TEST_CASE("cuda: random tensors are made of the CPU's words") {
  Generator a(123, 77), b(123, 77);
  for (const int64_t n : {1, 4, 10, 1027}) {
    CHECK(same_bits(uniform({n}, -1, 3, b, f32, cuda), uniform({n}, -1, 3, a)));
    CHECK(same_bits(uniform({n}, -1, 3, b, f64, cuda), uniform({n}, -1, 3, a, f64)));
    CHECK(difference(normal({n}, 5, 2, b, f64, cuda), normal({n}, 5, 2, a, f64)) < 1e-14);
    CHECK(difference(normal({n}, 5, 2, b, f32, cuda), normal({n}, 5, 2, a)) < 1e-7);
  }
  CHECK(a.position() == b.position());
  CHECK(same_bits(arange(5, f32, cuda), arange(5, f32)));
}

TEST_CASE("cuda: conversions truncate, saturate and drop NaN as on the CPU") {
  const std::vector<double> wild{-1.7, 1.7, 300, -5e10, 5e10, not_a_number, inf, -inf, -0.0};
  for (const DType from : {f32, f64}) {
    for (const DType to : {f32, f64, i32, u8}) {
      CAPTURE(from);
      CAPTURE(to);
      check_alike(wild, {9}, from, [to](const Tensor& x) { return x.to(to); });
    }
  }
  check_alike({-3, 0, 7, 1000}, {4}, i32, [](const Tensor& x) { return x.to(u8); });
  check_alike({0, 7, 255}, {3}, u8, [](const Tensor& x) { return x.to(f32); });
}

TEST_CASE("cuda: NaN, infinities and ties as on the CPU") {
  const std::vector<double> row{1, not_a_number, 3, 3, -inf, inf, 2, not_a_number};
  for (const DType dtype : {f32, f64}) {
    check_alike(row, {2, 4}, dtype, [](const Tensor& x) { return argmax(x, 1); });
    check_alike(row, {2, 4}, dtype, [](const Tensor& x) { return max(x, 1); });
    check_alike({not_a_number, not_a_number, -inf, -inf}, {2, 2}, dtype,
                [](const Tensor& x) { return argmax(x, 1); });
    check_alike(row, {8}, dtype, [](const Tensor& x) { return topk(x, 5).indices; });
    check_alike(row, {8}, dtype, [](const Tensor& x) { return topk(x, 8).values; });
    check_alike(row, {8}, dtype, [](const Tensor& x) { return is_finite(x); });
    check_alike(row, {8}, dtype, [](const Tensor& x) { return relu(x); });
    check_alike(row, {8}, dtype, [](const Tensor& x) { return clamp(x, 0, 2); });
    check_alike(row, {8}, dtype,
                [](const Tensor& x) { return maximum(x, Tensor::full({8}, 2, x.dtype(), x.device())); });
  }
  std::vector<double> hidden(5000, -inf);
  hidden[4500] = hidden[4501] = 3e4;
  const Tensor x = Tensor::from(hidden, {1, 5000}).to(f32).to(cuda);
  CHECK(softmax(x).values()[4500] == 0.5);
  CHECK(log_softmax(x).values()[4501] == doctest::Approx(-std::log(2.0)));
  CHECK(logsumexp(Tensor::full({2, 3}, -inf, f32, cuda), 1).values() == std::vector<double>{-inf, -inf});
}

TEST_CASE("cuda: integers and masks") {
  const Tensor a = Tensor::from(std::vector<int32_t>{1, 5, 3, 5}, {4}, cuda);
  CHECK(equal(a, Tensor::full({1}, 5, i32, cuda)).values() == std::vector<double>{0, 1, 0, 1});
  CHECK(less(a, Tensor::full({}, 4, i32, cuda)).values() == std::vector<double>{1, 0, 1, 0});
  CHECK(index_select(a, Tensor::from(std::vector<int32_t>{3, 0}, {2}, cuda)).values() ==
        std::vector<double>{5, 1});
  CHECK(where(equal(a, a), a, a).values() == a.values());
}

TEST_CASE("cuda: gradients of master weights are sums that are never rounded") {
  Generator rng(12);
  for (const DType half : {bf16, f16}) {
    const Tensor x = normal({33, 8}, 0, 1, rng).to(half), dy = normal({33, 5}, 0, 1, rng).to(half);
    Tensor weight = normal({9, 8}, 0, 1, rng).to(cuda), bias = normal({5}, 0, 1, rng).to(cuda);
    weight.track(), bias.track();
    for (int sweep = 0; sweep < 2; ++sweep) {
      linear(x.to(cuda), slice(weight, 0, 2, 7), bias, Activation::relu).backward(dy.to(cuda));
    }
    Tensor w = slice(weight.detach().to(cpu()), 0, 2, 7).dense(), b = bias.detach().to(cpu());
    w.track(), b.track();
    for (int sweep = 0; sweep < 2; ++sweep) linear(x, w, b, Activation::relu).backward(dy);
    CHECK(weight.grad().dtype() == f32);
    CHECK(difference(slice(weight.grad(), 0, 2, 7).to(cpu()), w.grad()) < 1e-6);
    CHECK(difference(bias.grad(), b.grad()) < 1e-6);
  }
}

TEST_CASE("cuda: in place on strided views") {
  const Tensor base = Tensor::zeros({4, 6}, f32, cuda);
  fill_(slice(transpose(base), 0, 1, 3), 2);
  add_(slice(base, 0, 1, 2), expand(Tensor::full({}, 3, f32, cuda), {1, 6}), 0.5);
  scale_(slice(base, 1, 2, 4), 10);
  CHECK(base.values() == std::vector<double>{0, 2, 20, 0, 0, 0, 1.5, 3.5, 35, 15, 1.5, 1.5,
                                             0, 2, 20, 0, 0, 0, 0,   2,   20, 0,  0,   0});
}

TEST_CASE("cuda: what a query does not see has no influence") {
  Generator rng(2);
  const Tensor q = normal({1, 3, 8}, 0, 1, rng).to(cuda), k = normal({1, 5, 8}, 0, 1, rng).to(cuda);
  const Tensor dirty = Tensor::empty({1, 5, 8}, f32, cuda);
  copy_(dirty, k);
  fill_(slice(dirty, 1, 4, 5), 1e30);  // behind the mask
  const Tensor mask = Tensor::from(std::vector<uint8_t>{1, 1, 1, 1, 0}, {1, 5}, cuda);
  const auto attend = [&](const Tensor& keys) {
    return attention(q, keys, keys, {.heads = 2, .key_mask = mask});
  };
  CHECK(same_bits(attend(dirty), attend(k)));
  const Tensor none = Tensor::zeros({1, 0, 8}, f32, cuda);
  CHECK(squared_norm(attention(q, none, none, {.heads = 2, .key_mask = {}})) == 0);
}

TEST_CASE("cuda: Adam beside the CPU's") {
  Generator rng(4);
  const Tensor w = normal({33, 7}, 0, 1, rng), g = normal({33, 7}, 0, 1, rng), zero = Tensor::zeros({33, 7});
  for (const bool decoupled : {false, true}) {
    Tensors here{w * 1, zero * 1, zero * 1}, there{w.to(cuda), zero.to(cuda), zero.to(cuda)};
    for (int64_t step = 1; step <= 3; ++step) {
      const AdamWOptions options{.lr = 0.01,
                                 .beta1 = 0.9,
                                 .beta2 = 0.98,
                                 .eps = 1e-8,
                                 .weight_decay = 0.1,
                                 .step = step,
                                 .decoupled = decoupled,
                                 .grad_scale = 0.5};
      adamw_(here[0], step == 2 ? Tensor() : g, here[1], here[2], options);
      adamw_(there[0], step == 2 ? Tensor() : g.to(cuda), there[1], there[2], options);
    }
    for (size_t i = 0; i < 3; ++i) CHECK(difference(there[i], here[i]) < 1e-6);
  }
}

TEST_CASE("cuda: Adam over more tensors than one launch takes, of every length") {
  Generator rng(6);
  std::vector<AdamWUpdate> here, there;
  for (int64_t i = 0; i < 101; ++i) {
    const DType dtype = i % 5 == 4 ? f64 : f32;
    const Shape shape{i == 50 ? 3000 : i % 7};
    const Tensor w = normal(shape, 0, 1, rng, dtype), g = normal(shape, 0, 1, rng, dtype);
    const AdamWOptions options{
        .lr = 0.01, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .weight_decay = 0.1, .step = 2 + i};
    there.push_back({w.to(cuda), i % 3 == 0 ? Tensor() : g.to(cuda), Tensor::full(shape, 0.5, dtype, cuda),
                     Tensor::full(shape, 0.25, dtype, cuda), options});
    here.push_back({w, i % 3 == 0 ? Tensor() : g, Tensor::full(shape, 0.5, dtype),
                    Tensor::full(shape, 0.25, dtype), options});
  }
  adamw_(here);
  adamw_(there);
  std::vector<Tensor> weights;
  for (size_t i = 0; i < here.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(there[i].parameter, here[i].parameter) < 1e-6);
    CHECK(difference(there[i].m, here[i].m) < 1e-6);
    CHECK(difference(there[i].v, here[i].v) < 1e-6);
    weights.push_back(there[i].parameter);
  }
  double sum = 0;
  for (const AdamWUpdate& update : here) sum += squared_norm(update.parameter);
  CHECK(squared_norm(weights) == doctest::Approx(sum).epsilon(1e-6));
}

TEST_CASE("cuda: errors name the bad index, and the device goes on") {
  const Tensor table = Tensor::zeros({4, 3}, f32, cuda);
  CHECK_THROWS_WITH_AS(embedding(table, Tensor::from(std::vector<int32_t>{0, 4, 9}, {3}, cuda)),
                       "[embedding] id 4 at position 1 lies outside 0..3", ArgumentError);
  CHECK_THROWS_AS(gather(table, Tensor::from(std::vector<int32_t>{0, 1, 3, 0}, {4}, cuda)), ArgumentError);
  CHECK_THROWS_AS(cross_entropy(table, Tensor::from(std::vector<int32_t>{0, 1, 3, 0}, {4}, cuda)),
                  ArgumentError);
  CHECK(sum(table + 1.0).item<double>() == 12);
}
