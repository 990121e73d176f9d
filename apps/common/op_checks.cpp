#include "apps/common/op_checks.h"

#include <cmath>
#include <cstring>

#include "apps/common/text.h"
#include "engine/engine.h"

namespace mosaic::apps {
namespace {

using Tensors = std::vector<Tensor>;

std::vector<Tensor> draw(const OpCheck& check, DType dtype, Device device = cpu()) {
  Generator rng = Generator(7).fork(check.op);
  std::vector<Tensor> inputs;
  for (const Shape& shape : check.inputs) {
    std::vector<double> values(static_cast<size_t>(shape.numel()));
    for (double& value : values) {
      value = check.low + (check.high - check.low) * rng.uniform();
      if (std::abs(value) < check.gap) value = value < 0 ? -check.gap : check.gap;
    }
    inputs.push_back(Tensor::from(std::span<const double>(values), shape).to(dtype).to(device));
  }
  return inputs;
}

// Largest difference, relative to the largest value (at least 1).
double difference(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, scale = 1;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(std::abs(a[i] - b[i]) <= worst)) worst = std::abs(a[i] - b[i]);
    scale = std::max(scale, std::abs(b[i]));
  }
  return worst / scale;
}

// Result and all gradients of a run as one list of numbers.
std::vector<double> everything(const OpCheck& check, DType dtype, Device device = cpu()) {
  Tensors inputs = draw(check, dtype, device);
  for (Tensor& input : inputs) input.track();
  const Tensor result = check.run(inputs);
  std::vector<double> all = result.values();
  result.backward(Tensor::full(result.shape(), 0.5, dtype, device));
  for (const Tensor& input : inputs)
    if (input.has_grad())
      for (const double value : input.grad().values()) all.push_back(value);
  return all;
}

// Ids for an op on x.
Tensor ids(const Tensor& x, std::initializer_list<int32_t> values, const Shape& shape) {
  return Tensor::from(std::span<const int32_t>(values.begin(), values.size()), shape, x.device());
}

void add_elementwise(std::vector<OpCheck>& list) {
  const auto one = [&](const char* op, Tensor (*f)(const Tensor&), double low = -2, double high = 2,
                       double gap = 0) {
    list.push_back({op, {{5, 67}}, [f](const Tensors& t) { return f(t[0]); }, low, high, gap});
  };
  one("neg", neg), one("exp", exp), one("square", square), one("sin", sin), one("cos", cos),
      one("tanh", tanh);
  one("sigmoid", sigmoid), one("gelu", gelu), one("log", log, 0.3, 3), one("sqrt", sqrt, 0.3, 3);
  one("rsqrt", rsqrt, 0.3, 3), one("relu", relu, -2, 2, 0.05), one("abs", abs, -2, 2, 0.05);
  const auto two = [&](const char* op, Tensor (*f)(const Tensor&, const Tensor&), double low, double gap) {
    for (const Shape& other : {Shape{4, 33}, Shape{33}, Shape{4, 1}})
      list.push_back({op, {{4, 33}, other}, [f](const Tensors& t) { return f(t[0], t[1]); }, low, 2, gap});
  };
  two("add", add, -2, 0), two("sub", sub, -2, 0), two("mul", mul, -2, 0), two("div", div, 0.4, 0);
  // Every second element is moved by 5, so that no two compared values are near each other (a kink).
  const auto apart = [](const Tensor& x) {
    std::vector<double> shift(static_cast<size_t>(x.numel()));
    for (size_t i = 0; i < shift.size(); ++i) shift[i] = i % 2 == 0 ? 5 : -5;
    return x + Tensor::from(std::span<const double>(shift), x.shape(), x.device()).to(x.dtype());
  };
  list.push_back(
      {"maximum", {{4, 33}, {33}}, [apart](const Tensors& t) { return maximum(apart(t[0]), t[1]); }});
  list.push_back(
      {"minimum", {{4, 33}, {4, 1}}, [apart](const Tensors& t) { return minimum(apart(t[0]), t[1]); }});
  list.push_back({"pow", {{3, 17}}, [](const Tensors& t) { return pow(t[0], 2.5); }, 0.3, 2});
  list.push_back({"clamp", {{3, 17}}, [](const Tensors& t) { return clamp(t[0], -1.5, 1.5); }, -1.2, 1.2});
  list.push_back(
      {"where", {{2, 4}, {2, 4}}, [](const Tensors& t) {
         const uint8_t mask[] = {1, 0, 0, 1, 1, 0, 1, 0};
         return where(Tensor::from(std::span<const uint8_t>(mask), {2, 4}, t[0].device()), t[0], t[1]);
       }});
}

void add_layout(std::vector<OpCheck>& list) {
  list.push_back({"slice", {{4, 9}}, [](const Tensors& t) { return square(slice(t[0], 1, 2, 7)); }});
  list.push_back({"leading", {{4, 9}}, [](const Tensors& t) { return square(leading(t[0], {2, 5})); }});
  list.push_back({"transpose", {{4, 9}}, [](const Tensors& t) { return exp(transpose(t[0])); }});
  list.push_back({"permute", {{2, 3, 5}}, [](const Tensors& t) {
                    const int axes[] = {2, 0, 1};
                    return exp(permute(t[0], axes));
                  }});
  list.push_back({"reshape", {{4, 6}}, [](const Tensors& t) { return square(reshape(t[0], {3, -1})); }});
  list.push_back({"expand", {{1, 6}}, [](const Tensors& t) { return square(expand(t[0], {4, 6})); }});
  list.push_back({"concat", {{2, 3}, {4, 3}}, [](const Tensors& t) { return square(concat(t, 0)); }});
  list.push_back({"stack", {{2, 3}, {2, 3}}, [](const Tensors& t) { return square(stack(t, 1)); }});
  list.push_back({"index_select", {{5, 3}}, [](const Tensors& t) {
                    return square(index_select(t[0], ids(t[0], {4, 0, 4}, {3})));
                  }});
  list.push_back({"gather", {{3, 5}}, [](const Tensors& t) {
                    return square(gather(t[0], ids(t[0], {4, 0, 2}, {3})));
                  }});
  list.push_back({"embedding", {{7, 5}}, [](const Tensors& t) {
                    return embedding(t[0], ids(t[0], {1, 6, 0, 6}, {2, 2}));
                  }});
}

void add_products(std::vector<OpCheck>& list) {
  for (const auto& [m, n, k] : {std::tuple{3, 4, 5}, {17, 33, 65}, {1, 40, 9}}) {
    list.push_back({"matmul", {{m, k}, {k, n}}, [](const Tensors& t) { return matmul(t[0], t[1]); }, -1, 1});
    list.push_back(
        {"linear", {{m, k}, {n, k}, {n}}, [](const Tensors& t) { return linear(t[0], t[1], t[2]); }, -1, 1});
  }
  list.push_back(
      {"matmul", {{2, 3, 4, 5}, {2, 3, 5, 6}}, [](const Tensors& t) { return matmul(t[0], t[1]); }});
  list.push_back({"linear", {{6, 12}, {20, 16}}, [](const Tensors& t) {
                    return linear(t[0], leading(t[1], {9, 12}));
                  }});
  list.push_back({"mix_experts", {{3}, {3, 6, 4}}, [](const Tensors& t) { return mix_experts(t[0], t[1]); }});
  list.push_back({"mix_experts", {{5, 2}, {2, 7, 4}}, [](const Tensors& t) {
                    return mix_experts(t[0], leading(t[1], {2, 5, 3}));
                  }});
  list.push_back({"mix_experts", {{5, 2}, {2, 5}}, [](const Tensors& t) { return mix_experts(t[0], t[1]); }});
}

void add_rows(std::vector<OpCheck>& list) {
  list.push_back({"sum", {{4, 33}}, [](const Tensors& t) { return sum(t[0], 1); }});
  list.push_back({"sum", {{4, 33}}, [](const Tensors& t) { return sum(t[0], 0); }});
  list.push_back({"mean", {{4, 33}}, [](const Tensors& t) { return mean(t[0], 1); }});
  list.push_back({"max", {{4, 33}}, [](const Tensors& t) { return max(t[0], 1); }});
  list.push_back({"logsumexp", {{4, 33}}, [](const Tensors& t) { return logsumexp(t[0], 1); }});
  for (const int64_t width : {1, 7, 129}) {
    list.push_back({"softmax", {{5, width}}, [](const Tensors& t) { return softmax(t[0]); }});
    list.push_back({"log_softmax", {{5, width}}, [](const Tensors& t) { return log_softmax(t[0]); }});
  }
  for (const int64_t width : {8, 65, 129})
    list.push_back({"layer_norm", {{6, width}, {width}, {width}}, [](const Tensors& t) {
                      return layer_norm(t[0], t[1], t[2]);
                    }});
  list.push_back({"add_layer_norm", {{6, 24}, {6, 24}, {24}, {24}}, [](const Tensors& t) {
                    Generator rng(3);
                    return add_layer_norm(t[0], t[1], 0.3, &rng, t[2], t[3]);
                  }});
  list.push_back({"dropout", {{6, 24}}, [](const Tensors& t) {
                    Generator rng(5);
                    return dropout(t[0], 0.4, rng);
                  }});
  for (const double smoothing : {0.0, 0.1})
    list.push_back({"cross_entropy", {{4, 11}}, [smoothing](const Tensors& t) {
                      return cross_entropy(t[0], ids(t[0], {0, 10, 1, 5}, {4}), smoothing, 1);
                    }});
}

void add_attention(std::vector<OpCheck>& list) {
  for (const int64_t heads : {1, 2, 4})
    for (const bool causal : {false, true})
      list.push_back({"attention", {{2, 5, 8}, {2, 5, 8}, {2, 5, 8}}, [heads, causal](const Tensors& t) {
                        const uint8_t mask[] = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
                        return attention(t[0], t[1], t[2],
                                         {.heads = heads,
                                          .causal = causal,
                                          .key_mask = Tensor::from(std::span<const uint8_t>(mask), {2, 5},
                                                                   t[0].device())});
                      }});
}

void add_sequences(std::vector<OpCheck>& list) {
  for (const bool interleaved : {false, true})
    list.push_back({"rotary", {{2, 5, 14}}, [interleaved](const Tensors& t) {
                      const Tensor angles = reshape(arange(15, t[0].dtype(), t[0].device()), {5, 3});
                      return rotary(t[0], cos(angles), sin(angles), {.heads = 2, .interleaved = interleaved});
                    }});
  const auto mask = [](const Tensors& t) {
    const uint8_t rows[] = {1, 0, 1};
    return Tensor::from(std::span<const uint8_t>(rows), {3}, t[0].device());
  };
  list.push_back({"lstm_cell", {{3, 28}, {3, 28}, {3, 14}}, [mask](const Tensors& t) {
                    return lstm_cell(t[0], t[1], t[2], mask(t));
                  }});
  list.push_back({"gru_cell", {{3, 21}, {3, 21}, {3, 7}}, [mask](const Tensors& t) {
                    return gru_cell(t[0], t[1], t[2], mask(t));
                  }});
}

}  // namespace

std::vector<OpCheck> op_checks() {
  std::vector<OpCheck> list;
  add_elementwise(list);
  add_layout(list);
  add_products(list);
  add_rows(list);
  add_attention(list);
  add_sequences(list);
  return list;
}

OpCheckResult run_check(const OpCheck& check, double tolerance) {
  OpCheckResult result;
  try {
    const GradcheckResult gradient = gradcheck(check.run, draw(check, f64), {.tolerance = tolerance});
    result.worst = gradient.worst;
    if (!gradient.ok) {
      result.failure = cat("gradient: ", gradient.where);
      return result;
    }
    const std::vector<double> exact = everything(check, f64), single = everything(check, f32);
    if (const double off = difference(single, exact); !(off < 5e-5)) {
      result.failure = cat("f32 is ", brief(off), " from f64");
      return result;
    }
    const int before = threads();
    set_threads(before == 1 ? 2 : 1);
    const std::vector<double> other = everything(check, f32);
    set_threads(before);
    if (other.size() != single.size() ||
        std::memcmp(other.data(), single.data(), single.size() * sizeof(double)) != 0) {
      result.failure = "another number of threads gives other bits";
      return result;
    }
    const kernels::Isa isa = kernels::active_isa();
    kernels::set_isa(kernels::Isa::baseline);
    const std::vector<double> baseline = everything(check, f32);
    kernels::set_isa(isa);
    if (const double off = difference(single, baseline); !(off < 5e-5))
      result.failure = cat(kernels::isa_name(isa), " is ", brief(off), " from the baseline instruction set");
  } catch (const std::exception& error) {
    result.failure = error.what();
  }
  return result;
}

OpCheckResult run_check_on(Device device, const OpCheck& check) {
  OpCheckResult result;
  try {
    for (const DType dtype : {f32, f64}) {
      const std::vector<double> expected = everything(check, dtype), found = everything(check, dtype, device);
      const double off = found.size() == expected.size() ? difference(found, expected) : INFINITY;
      if (dtype == f32) result.worst = off;
      if (!(off < (dtype == f32 ? 5e-5 : 1e-9))) {
        result.failure = cat(dtype, " on ", device, " is ", brief(off), " from the CPU");
        return result;
      }
      const std::vector<double> again = everything(check, dtype, device);
      if (std::memcmp(again.data(), found.data(), found.size() * sizeof(double)) != 0) {
        result.failure = cat("a second run of ", dtype, " on ", device, " gives other bits");
        return result;
      }
    }
  } catch (const std::exception& error) {
    result.failure = error.what();
  }
  return result;
}

}  // namespace mosaic::apps
