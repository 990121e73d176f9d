#include "apps/common/timed_products.h"

#include <algorithm>

#include "engine/core/parallel.h"
#include "engine/core/random.h"

namespace mosaic::apps {

namespace {

const char* word_of(ProductKind kind) {
  switch (kind) {
    case ProductKind::product:
      return "product";
    case ProductKind::linear:
      return "linear";
    case ProductKind::linear_relu:
      return "linear+relu";
    case ProductKind::input_grad:
      return "input-grad";
    case ProductKind::weight_grad:
      return "weight-grad";
    case ProductKind::scores:
      return "scores";
    case ProductKind::sums:
      return "sums";
    case ProductKind::value_grad:
      return "value-grad";
  }
  return "";
}

// Operands, result and bias of a product, drawn once.
struct Operands {
  std::vector<float> a, b, c, bias;
  kernels::GemmArgs args;

  explicit Operands(const ProductShape& s) {
    Generator rng(1);
    const auto fill = [&](std::vector<float>& values, int64_t size) {
      values.resize(static_cast<size_t>(size));
      for (float& v : values) v = static_cast<float>(rng.uniform()) - 0.5F;
    };
    fill(a, s.batch * s.m * s.k);
    fill(b, s.batch * s.k * s.n);
    fill(c, s.batch * s.m * s.n);
    const bool trans_a = s.kind == ProductKind::weight_grad || s.kind == ProductKind::value_grad;
    const bool trans_b =
        s.kind == ProductKind::linear || s.kind == ProductKind::linear_relu || s.kind == ProductKind::scores;
    args = {.m = s.m,
            .n = s.n,
            .k = s.k,
            .a = a.data(),
            .lda = trans_a ? s.m : s.k,
            .trans_a = trans_a,
            .b = b.data(),
            .ldb = trans_b ? s.k : s.n,
            .trans_b = trans_b,
            .c = c.data(),
            .ldc = s.n,
            .accumulate = s.kind == ProductKind::weight_grad,
            .batch0 = s.batch,
            .a0 = s.m * s.k,
            .b0 = s.k * s.n,
            .c0 = s.m * s.n};
    if (s.kind != ProductKind::linear_relu) return;
    fill(bias, s.n);
    args.bias = bias.data();
    args.epilogue = kernels::Epilogue::relu;
  }
};

// c = relu(c + bias) over {rows, cols}.
void bias_relu(float* c, const float* bias, int64_t rows, int64_t cols) {
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 15) / cols);
  parallel_for(rows, grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = c + i * cols;
      for (int64_t j = 0; j < cols; ++j) row[j] = std::max(row[j] + bias[j], 0.0F);
    }
  });
}

}  // namespace

std::string ProductShape::name() const {
  std::string text = cat(word_of(kind), ' ', m, 'x', k, 'x', n);
  return batch == 1 ? text : cat(text, ", ", batch, " of them");
}

double ProductShape::operations() const {
  return 2.0 * static_cast<double>(m * k) * static_cast<double>(n * batch);
}

const std::vector<ProductShape>& product_shapes() {
  using enum ProductKind;
  static const std::vector<ProductShape> shapes = {
      {product, 1024, 1024, 1024},
      {linear, 1024, 1024, 1024},
      {weight_grad, 1024, 1024, 1024},
      {product, 64, 64, 64},
      // Widths of the paper's spaces: 4,096 tokens forward, and what gradients make of it.
      {linear, 4096, 512, 512},
      {linear, 4096, 512, 2048},
      {linear_relu, 4096, 512, 2048},
      {linear, 4096, 2048, 512},
      {input_grad, 4096, 512, 2048},
      {weight_grad, 512, 4096, 2048},
      {linear, 2048, 768, 768},
      // Widths of the spaces that two cores can train.
      {linear, 4096, 128, 128},
      {linear, 4096, 128, 256},
      {linear_relu, 4096, 128, 256},
      {linear, 4096, 128, 512},
      {linear_relu, 4096, 128, 512},
      {linear, 4096, 512, 128},
      {input_grad, 4096, 128, 512},
      {input_grad, 4096, 512, 128},
      {weight_grad, 512, 4096, 128},
      {weight_grad, 128, 4096, 512},
      {weight_grad, 128, 512, 128},
      {linear, 1000, 80, 96},
      {linear_relu, 512, 64, 64},
      // Projections to the vocabulary and their gradients.
      {linear, 1024, 128, 9712},
      {linear, 2048, 256, 8000},
      {linear, 500, 64, 2000},
      {input_grad, 1024, 9712, 128},
      {weight_grad, 9712, 1024, 128},
      // Attention: sentences times heads products at once.
      {scores, 32, 32, 32, 512},
      {sums, 32, 32, 32, 512},
      {value_grad, 32, 32, 32, 512},
      {scores, 30, 64, 30, 500},
      {scores, 100, 64, 100, 64},
      {sums, 100, 100, 64, 64},
      // Few rows: decoding, routers, small batches.
      {product, 1, 128, 9712},  // decoding reads matrices by columns
      {product, 5, 128, 512},
      {product, 5, 512, 128},
      {linear, 32, 512, 512},
      {linear, 128, 512, 512},
      {linear, 1, 512, 2048},
      {linear, 1, 128, 9712},
      {linear, 5, 128, 512},
      {linear, 5, 512, 128},
      {linear, 8, 128, 9712},
      {linear_relu, 20, 160, 32},
  };
  return shapes;
}

ProductTiming time_product(const ProductShape& shape, const std::vector<BlasPeer>& peers, int64_t rounds,
                           double seconds_a_turn, Clock clock) {
  const Operands operands(shape);
  const kernels::GemmArgs& args = operands.args;
  std::vector<std::function<void()>> contenders = {[&] { kernels::gemm(args); }};
  ProductTiming timing;
  for (const BlasPeer& peer : peers) {
    if (threads() > 1 && !peer.shares_threads()) continue;
    peer.set_threads(shape.batch > 1 ? 1 : threads());
    timing.peers.push_back({.name = peer.name()});
    contenders.emplace_back([&] {
      peer.gemm(args);
      if (args.bias != nullptr)
        bias_relu(static_cast<float*>(args.c), static_cast<const float*>(args.bias), args.m, args.n);
    });
  }
  const auto times = in_turns(contenders, rounds, seconds_a_turn, clock);
  timing.seconds = median(times[0]);
  for (size_t i = 0; i < timing.peers.size(); ++i) {
    timing.peers[i].seconds = median(times[i + 1]);
    timing.peers[i].over_ours = median_ratio(times[i + 1], times[0]);
  }
  return timing;
}

}  // namespace mosaic::apps
