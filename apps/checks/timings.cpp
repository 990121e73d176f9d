#include <algorithm>
#include <chrono>
#include <functional>

#include "apps/checks/device_checks.h"
#include "apps/checks/timed_ops.h"

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

}  // namespace

std::vector<Timing> time_ops(Device device) {
  const NoGrad quiet;
  const bool gpu = device != cpu();
  const TimedOp::Sizes sizes{gpu ? 65536 : 4096, 512};  // 128 MB, 8 MB a tensor
  std::vector<Timing> timings;
  for (const TimedOp& op : timed_ops()) {  // the copy first
    if (op.shapes.front().size() != sizes.size()) continue;
    const TimedWork work = op.make(sizes, device);
    const double ms = best_milliseconds(device, [&] { work.run(); });
    const double speed = work.values * work.elements * 4 / ms * 1e-6;
    const double copy = timings.empty() ? speed : timings.front().gigabytes;
    timings.push_back({cat(op.name, " {", sizes[0], ", ", sizes[1], "}"), ms, speed, speed / copy, 0});
  }
  Generator rng(1);
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
