#include "nn/layers/row_moves.h"

#include <algorithm>

#include "engine/ops/ops.h"

namespace mosaic::nn {

RowMoves::RowMoves(std::span<const int32_t> from, int64_t rows, Device device)
    : from_(from.begin(), from.end()), rows_(rows) {
  const auto count = static_cast<int32_t>(from_.size());
  bool sources_stay = true;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t source = from_[static_cast<size_t>(i)];
    check<ArgumentError>(source >= 0 && source < rows, "RowMoves", "there is no row ", source, " in ", rows);
    if (source == i) continue;
    moved_.push_back(i);
    sources_stay &= source >= count || from_[static_cast<size_t>(source)] == source;
  }
  in_place_ = device == cpu() && count <= rows && sources_stay;
  if (!moved_.empty() || count != rows) indices_ = Tensor::from(from, {count}, device);
}

Tensor RowMoves::operator()(const Tensor& x, int64_t used) const {
  check<ShapeError>(x.rank() >= 2 && x.dim(0) == rows_ && used <= x.dim(1), "RowMoves", "are of {", rows_,
                    ", at least ", used, ", ...}, got ", x.shape());
  if (!indices_.defined()) return x;
  if (!in_place_ || !x.is_dense()) return index_select(x, indices_);
  const int64_t step = x.numel() / rows_, values = step / x.dim(1) * used;
  const auto row = [&](int32_t i) { return x.with_layout({values}, {1}, x.offset() + i * step); };
  for (const int32_t i : moved_) copy_(row(i), row(from_[static_cast<size_t>(i)]));
  return slice(x, 0, 0, static_cast<int64_t>(from_.size()));
}

std::vector<int32_t> kept_rows(std::span<const uint8_t> go_on) {
  const auto count = std::count(go_on.begin(), go_on.end(), uint8_t{1});
  std::vector<int32_t> rows(static_cast<size_t>(count));
  auto last = static_cast<int32_t>(go_on.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = static_cast<int32_t>(i);
    if (go_on[i] != 0) continue;
    do --last;
    while (go_on[static_cast<size_t>(last)] == 0);
    rows[i] = last;
  }
  return rows;
}

}  // namespace mosaic::nn
