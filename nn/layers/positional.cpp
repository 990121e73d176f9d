#include "nn/layers/positional.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "engine/autograd/node.h"
#include "engine/core/parallel.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {
namespace {

Tensor make_table(int64_t length, int64_t width, DType dtype) {
  const int64_t half = width / 2;
  std::vector<double> values(static_cast<size_t>(length * width));
  parallel_for(length, 16, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      double* row = values.data() + p * width;
      for (int64_t i = 0; i < half; ++i) {
        const double frequency =
            std::exp(-static_cast<double>(i) * std::log(10000.0) / static_cast<double>(half - 1));
        row[i] = std::sin(static_cast<double>(p) * frequency);
        row[half + i] = std::cos(static_cast<double>(p) * frequency);
      }
    }
  });
  if (dtype == f64) return Tensor::from(std::span<const double>(values), {length, width});
  const std::vector<float> narrow(values.begin(), values.end());
  return Tensor::from(std::span<const float>(narrow), {length, width});
}

}  // namespace

SinusoidalPositions::SinusoidalPositions(int64_t width) : width_(width) {
  check<ArgumentError>(width >= 4 && width % 2 == 0, "SinusoidalPositions",
                       "width must be even and at least 4, got ", width);
}

Tensor SinusoidalPositions::rows(int64_t first, int64_t length, int64_t channels, DType dtype,
                                 Device device) const {
  check<ArgumentError>(first >= 0 && length >= 0 && channels > 0 && channels <= width_, "SinusoidalPositions",
                       "asked for ", channels, " channels of ", width_, ", positions from ", first, ", ",
                       length, " of them");
  check<DtypeError>(is_float(dtype), "SinusoidalPositions", "needs f32 or f64, got ", dtype);
  Tensor table;
  {
    const std::lock_guard lock(mutex_);
    Tensor& cached = tables_[{dtype, device.kind, device.index}];
    if (!cached.defined() || cached.dim(0) < first + length) {
      const auto wanted = static_cast<uint64_t>(std::max<int64_t>(first + length, 64));
      cached = make_table(static_cast<int64_t>(std::bit_ceil(wanted)), width_, dtype).to(device);
    }
    table = cached;
  }
  const NoGrad quiet;
  return slice(slice(table, 0, first, first + length), 1, 0, channels);
}

}  // namespace mosaic::nn
