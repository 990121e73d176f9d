#include "nn/layers/rotary.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "engine/autograd/node.h"
#include "engine/core/parallel.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {
namespace {

struct Table {
  Tensor cosines, sines;  // {capacity, pairs}
};

Table make_table(int64_t length, int64_t pairs, double base, DType dtype, Device device) {
  std::vector<double> cosines(static_cast<size_t>(length * pairs)), sines(cosines.size());
  parallel_for(length, 16, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      for (int64_t i = 0; i < pairs; ++i) {
        const double angle =
            static_cast<double>(p) * std::pow(base, -static_cast<double>(i) / static_cast<double>(pairs));
        cosines[static_cast<size_t>(p * pairs + i)] = std::cos(angle);
        sines[static_cast<size_t>(p * pairs + i)] = std::sin(angle);
      }
    }
  });
  const auto tensor = [&](const std::vector<double>& values) {
    return Tensor::from(std::span<const double>(values), {length, pairs}).to(dtype).to(device);
  };
  return {tensor(cosines), tensor(sines)};
}

}  // namespace

struct RotaryPositions::Tables {
  std::mutex mutex;
  std::map<std::tuple<DType, DeviceKind, int>, Table> by_place;
};

RotaryPositions::RotaryPositions(const Options& options)
    : options_(options), tables_(std::make_shared<Tables>()) {
  if (options_.dims == 0) options_.dims = options_.width;
  check<ArgumentError>(options_.dims > 0 && options_.dims % 2 == 0 && options_.dims <= options_.width,
                       "RotaryPositions", "dims must be even and in [2, ", options_.width, "], got ",
                       options_.dims);
  check<ArgumentError>(options_.base > 1 && std::isfinite(options_.base), "RotaryPositions",
                       "base must be above 1, got ", options_.base);
}

Tensor RotaryPositions::operator()(const Tensor& x, int64_t first) const {
  const Scope scope(name());
  check<ShapeError>(x.rank() >= 2 && x.dim(-1) % options_.width == 0, "RotaryPositions",
                    "needs x {..., length, heads * ", options_.width, "}, got ", x.shape());
  check<DtypeError>(is_float(x.dtype()), "RotaryPositions", "needs f32 or f64, got ", x.dtype());
  check<ArgumentError>(first >= 0, "RotaryPositions", "positions begin at 0, got ", first);
  const int64_t pairs = options_.dims / 2, last = first + x.dim(-2);
  Table table;
  {
    const std::lock_guard lock(tables_->mutex);
    const Device device = x.device();
    Table& cached = tables_->by_place[{x.dtype(), device.kind, device.index}];
    if (!cached.cosines.defined() || cached.cosines.dim(0) < last) {
      const auto capacity =
          static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(last, 64))));
      cached = make_table(capacity, pairs, options_.base, x.dtype(), device);
    }
    table = cached;
  }
  return rotary(x, slice(table.cosines, 0, first, last), slice(table.sines, 0, first, last),
                {.heads = x.dim(-1) / options_.width, .interleaved = options_.interleaved});
}

std::string RotaryPositions::describe() const {
  return cat("RotaryPositions ", options_.dims, " of ", options_.width, ", base ", options_.base,
             options_.interleaved ? ", interleaved" : "");
}

}  // namespace mosaic::nn
