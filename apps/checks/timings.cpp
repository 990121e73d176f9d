#include <algorithm>
#include <chrono>
#include <functional>

#include "apps/checks/device_checks.h"

namespace mosaic::checks {
namespace {

// The fastest of several batches of runs, each waited for.
double best_milliseconds(Device device, const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  const auto timed = [&](int64_t times) {
    synchronize(device);
    const auto begin = Clock::now();
    for (int64_t i = 0; i < times; ++i) run();
    synchronize(device);
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  };
  timed(2);  // memory is asked for, kernels are loaded
  const double once = timed(1);
  const auto times = std::clamp<int64_t>(static_cast<int64_t>(10 / std::max(once, 1e-3)), 1, 1000);
  double best = once;
  for (int batch = 0; batch < 5; ++batch) best = std::min(best, timed(times) / static_cast<double>(times));
  return best;
}

struct Timed {
  const char* op;
  double passes;  // tensors of the size of x that the definition reads and writes
  std::function<void()> run;
};

}  // namespace

std::vector<Timing> time_ops(Device device) {
  const NoGrad quiet;
  const bool gpu = device != cpu();
  const int64_t cols = 512, rows = gpu ? 65536 : 4096;  // 128 MB, 8 MB
  const Shape shape{rows, cols};
  Generator rng(1);
  const Tensor x = normal(shape, 0, 1, rng, f32, device), y = normal(shape, 0, 1, rng, f32, device),
               gamma = Tensor::full({cols}, 1, f32, device), beta = Tensor::zeros({cols}, f32, device),
               to = empty_like(x), m = Tensor::zeros(shape, f32, device),
               v = Tensor::zeros(shape, f32, device);
  const AdamWOptions adam{.lr = 1e-6, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .weight_decay = 0, .step = 1};
  const std::vector<Timed> list = {
      {"copy_", 2, [&] { copy_(to, x); }},
      {"add", 3, [&] { add(x, y); }},
      {"gelu", 2, [&] { gelu(x); }},
      {"dropout", 2, [&] { dropout(x, 0.1, rng); }},
      {"softmax", 2, [&] { softmax(x); }},
      {"layer_norm", 2, [&] { layer_norm(x, gamma, beta); }},
      {"add_layer_norm", 3, [&] { add_layer_norm(x, y, 0.1, &rng, gamma, beta); }},
      {"sum of rows", 1, [&] { sum(x, 1); }},
      {"sum of columns", 1, [&] { sum(x, 0); }},
      {"transpose", 2, [&] { transpose(x).dense(); }},
      {"adamw_", 7, [&] { adamw_(to, y, m, v, adam); }},
  };
  const double bytes = static_cast<double>(x.numel()) * 4;
  std::vector<Timing> timings;
  for (const Timed& timed : list) {
    const double ms = best_milliseconds(device, timed.run), speed = timed.passes * bytes / ms * 1e-6;
    const double copy = timings.empty() ? speed : timings.front().gigabytes;
    timings.push_back({cat(timed.op, " ", shape), ms, speed, speed / copy, 0});
  }
  for (const int64_t n : {512, gpu ? 4096 : 1024}) {
    const Tensor a = normal({n, n}, 0, 1, rng, f32, device);
    const double ms = best_milliseconds(device, [&] { matmul(a, a); });
    const auto size = static_cast<double>(n);
    timings.push_back(
        {cat("matmul ", a.shape(), " ", a.shape()), ms, 0, 0, 2 * size * size * size / ms * 1e-9});
  }
  return timings;
}

}  // namespace mosaic::checks
