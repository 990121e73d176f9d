// Layers: derivatives through each, positions, attention, losses.
#include <numbers>

#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

Tensor random(const Shape& shape, uint64_t seed = 11) {
  Generator rng(seed);
  return normal(shape, 0, 1, rng, f64);
}

void require_ok(const GradcheckResult& result) {
  INFO(result.where);
  CHECK(result.ok);
  CHECK(result.worst < 1e-6);
}

}  // namespace

TEST_CASE("gradients through the simple layers") {
  Linear linear({.in = 4, .out = 3});
  require_ok(check_gradients(linear, {random({2, 4})}, [&](const auto& in) { return linear(in[0]); }));
  LayerNorm norm({.width = 5});
  require_ok(check_gradients(norm, {random({3, 5})}, [&](const auto& in) { return norm(in[0]); }));
  require_ok(check_gradients(norm, {random({3, 5}), random({3, 5}, 2)},
                             [&](const auto& in) { return norm.add(in[0], in[1], 0, {}); }));
  RMSNorm rms({.width = 5});
  require_ok(check_gradients(rms, {random({3, 5})}, [&](const auto& in) { return rms(in[0]); }));
  require_ok(check_gradients(rms, {random({3, 5}), random({3, 5}, 2)},
                             [&](const auto& in) { return rms.add(in[0], in[1], 0, {}); }));
  Sequential gated(Linear({.in = 4, .out = 10}),
                   Function("swiglu", [](const Tensor& x) { return glu(x, Gate::silu); }),
                   Linear({.in = 5, .out = 3}), Function("silu", silu));
  require_ok(check_gradients(gated, {random({2, 4})}, [&](const auto& in) { return gated(in[0]); }));
  FeedForward ffn({.width = 4, .hidden = 6});
  require_ok(check_gradients(ffn, {random({3, 4})}, [&](const auto& in) { return ffn(in[0]); }));
  MLP mlp({.in = 3, .hidden = 6, .out = 2, .layers = 2, .fan_in_init = true});
  require_ok(check_gradients(mlp, {random({3, 3})}, [&](const auto& in) { return mlp(in[0]); }));
  Embedding table({.rows = 6, .width = 4, .padding = -1});
  require_ok(check_gradients(table, {}, [&](const auto&) {
    return table(ids({0, 5, 5, 2}, {2, 2}), 3, 1.5);
  }));
}

TEST_CASE("gradients through dropout with a fixed mask") {
  FeedForward ffn({.width = 4, .hidden = 6, .dropout = 0.3});
  require_ok(check_gradients(ffn, {random({3, 4})}, [&](const auto& in) {
    Generator rng(4);
    return ffn(in[0], {.training = true, .rng = &rng});
  }));
}

TEST_CASE("gradients through attention") {
  const std::vector<uint8_t> seen{1, 1, 0, 1, 1, 1};
  const Tensor mask = Tensor::from(std::span<const uint8_t>(seen), {2, 3});
  SelfAttention self({.width = 5, .channels = 8, .heads = 2});
  require_ok(check_gradients(self, {random({2, 3, 5})}, [&](const auto& in) { return self(in[0], mask); }));
  SelfAttention causal({.width = 5, .channels = 8, .heads = 4, .causal = true, .dropout = 0.2});
  require_ok(check_gradients(causal, {random({2, 3, 5})}, [&](const auto& in) {
    Generator rng(9);
    return causal(in[0], {}, {.training = true, .rng = &rng});
  }));
  CrossAttention cross({.width = 4, .memory_width = 6, .channels = 8, .heads = 2});
  require_ok(check_gradients(cross, {random({2, 4, 4}), random({2, 3, 6}, 3)},
                             [&](const auto& in) { return cross(in[0], cross.project(in[1]), mask); }));
}

TEST_CASE("gradients through the whole model and its loss") {
  TransformerConfig config = mixed_config();
  config.dropout = 0.2;
  config.attention_dropout = 0.1;
  Seq2Seq model(config);
  const SequenceBatch batch{.source = ids({3, 4, 5, 2, 6, 7, 2, 1}, {2, 4}),
                            .decoder_input = ids({2, 8, 9, 2, 4, 1}, {2, 3}),
                            .targets = ids({8, 9, 2, 4, 2, 1}, {2, 3})};
  // Differences cannot be taken across the kink of a ReLU: small steps seldom meet one. A fixed generator
  // keeps the masks.
  require_ok(check_gradients(
      model, {},
      [&](const auto&) {
        Generator rng(4);
        return sequence_loss(model, batch, {.label_smoothing = 0.1, .nll = false},
                             {.training = true, .rng = &rng})
            .loss;
      },
      1e-5));
}

TEST_CASE("positions: sines then cosines of the wide table, cut at the narrow width") {
  const SinusoidalPositions table(640);
  const Tensor rows = table.rows(0, 70, 512, f64);
  CHECK(rows.shape() == Shape{70, 512});
  const std::vector<double> values = rows.values();
  for (const int64_t p : {0, 2, 3, 69}) {
    for (const int64_t i : {0, 1, 100, 319}) {  // 320 sines
      const double w = std::exp(-static_cast<double>(i) * std::log(10000.0) / 319);
      CHECK(values[static_cast<size_t>(p * 512 + i)] ==
            doctest::Approx(std::sin(static_cast<double>(p) * w)).epsilon(1e-12));
      if (i < 192) {  // and the first 192 cosines
        CHECK(values[static_cast<size_t>(p * 512 + 320 + i)] ==
              doctest::Approx(std::cos(static_cast<double>(p) * w)).epsilon(1e-12));
      }
    }
  }
  CHECK(largest_difference(table.rows(2, 5, 512, f64),
                           table.rows(0, 2000, 512, f64).with_layout({5, 512}, rows.strides(), 2 * 640)) ==
        0);
  CHECK_THROWS_AS(SinusoidalPositions(5), ArgumentError);
  CHECK_THROWS_AS(table.rows(0, 1, 641), ArgumentError);
}

TEST_CASE("head counts change no parameter but the result") {
  SelfAttention two({.width = 6, .channels = 8, .heads = 2}), four({.width = 6, .channels = 8, .heads = 4});
  initialise(two, Generator(3));
  CHECK(load(four, state_dict(two)).unexpected.empty());
  CHECK(parameter_count(two) == parameter_count(four));
  const Tensor x = random({1, 5, 6}).to(f32);
  CHECK(largest_difference(two(x, {}), four(x, {})) > 1e-3);
  CHECK_THROWS_WITH_AS(SelfAttention({.width = 6, .channels = 8, .heads = 3}),
                       doctest::Contains("8 channels cannot be split"), ArgumentError);
}

TEST_CASE("the smoothed loss and the plain one, against their definitions") {
  const Tensor logits = random({3, 5}).to(f32);
  const Tensor targets = ids({4, 0, 2}, {3});
  const BatchLoss loss = token_loss(logits, targets, {.label_smoothing = 0.1});
  const std::vector<double> l = logits.values();
  double smoothed = 0, plain = 0;
  const int correct[] = {4, 0, 2};
  for (int row = 0; row < 3; ++row) {
    double total = 0, all = 0;
    for (int c = 0; c < 5; ++c) total += std::exp(l[static_cast<size_t>(row * 5 + c)]);
    for (int c = 0; c < 5; ++c) all += std::log(total) - l[static_cast<size_t>(row * 5 + c)];
    const double nll = std::log(total) - l[static_cast<size_t>(row * 5 + correct[row])];
    plain += nll;
    smoothed += 0.9 * nll + 0.1 / 5 * all;
  }
  CHECK(loss.loss.item<double>() == doctest::Approx(smoothed).epsilon(1e-5));
  CHECK(loss.nll == doctest::Approx(plain).epsilon(1e-5));
  CHECK(loss.tokens == 3);
  CHECK_THROWS_AS(token_loss(logits, targets, {.label_smoothing = 1.0}), ArgumentError);
}

TEST_CASE("the loss of an output layer is that of its logits, which it keeps when asked to") {
  // Two chunks of rows on the CPU.
  const Tensor features = random({100, 6}).to(f32).track(), bias = random({33000}).to(f32),
               weight = random({33000, 6}).to(f32).track();
  std::vector<int32_t> wanted;
  for (int32_t i = 0; i < 100; ++i) wanted.push_back(i * 329);
  const Tensor targets = Tensor::from(wanted, {100});
  const OutputLayer output{features, weight, bias, "head"};
  const auto gradients = [&](bool logits) {
    features.zero_grad();
    weight.zero_grad();
    const BatchLoss loss = token_loss(output, targets, {.label_smoothing = 0.1, .logits = logits});
    CHECK(loss.logits.defined() == logits);
    loss.loss.backward();
    return std::tuple(loss.loss.item<double>(), loss.nll, features.grad() * 1.0, weight.grad() * 1.0);
  };
  const auto [whole, whole_nll, whole_x, whole_w] = gradients(true);
  const auto [loss, nll, x, w] = gradients(false);
  CHECK(loss == whole);
  CHECK(nll == doctest::Approx(whole_nll).epsilon(1e-6));
  CHECK(largest_difference(x, whole_x) < 1e-5);
  CHECK(largest_difference(w, whole_w) < 1e-5);
  CHECK_THROWS_WITH_AS(token_loss(output, ids({-1}, {1}), {}),
                       doctest::Contains("needs one target for each row"), ShapeError);
  wanted[3] = -1;
  for (const bool logits : {false, true}) {
    CHECK_THROWS_WITH_AS(token_loss(output, Tensor::from(wanted, {100}), {.logits = logits}),
                         doctest::Contains("target -1 at 3 is outside the 33000 classes, in head"),
                         ArgumentError);
  }
}
