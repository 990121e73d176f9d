#include "nn/layers/embedding.h"

#include <cmath>

#include "engine/ops/ops.h"

namespace mosaic::nn {

Embedding::Embedding(const Options& options) : options_(options) {
  check<ArgumentError>(options.rows > 0 && options.width > 0, "Embedding",
                       "sizes must be positive, got rows ", options.rows, " and width ", options.width);
  check<ArgumentError>(options.padding < options.rows, "Embedding", "padding id ", options.padding,
                       " is outside the ", options.rows, " rows");
}

Embedding::Embedding(const Options& options, Generator& rng) : Embedding(options) {
  initialise(*this, next_stream(rng));
}

Tensor Embedding::table(int64_t width) const {
  if (width == 0 || width == options_.width) return weight_;
  return slice(weight_, 1, 0, width);
}

Tensor Embedding::operator()(const Tensor& ids, int64_t width, double scale) const {
  const Scope scope(name());
  const Tensor rows = embedding(table(width), ids, options_.padding);
  return scale == 1 ? rows : mul(rows, scale);
}

void Embedding::visit(Visitor& v) {
  const double deviation = 1 / std::sqrt(static_cast<double>(options_.width));
  v.parameter("weight", weight_, {options_.rows, options_.width},
              Init::normal(deviation).with_zero_row(options_.padding));
}

std::string Embedding::describe() const {
  return cat("Embedding ", options_.rows, " x ", options_.width);
}

}  // namespace mosaic::nn
