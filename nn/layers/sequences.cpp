#include "nn/layers/sequences.h"

#include <algorithm>

#include "engine/ops/check.h"

namespace mosaic::nn {
namespace {

constexpr const char* op = "packed sequences";

void check_rows(const Tensor& x, DType dtype) {
  check<DtypeError>(x.defined() && x.dtype() == dtype, op, "must be ", dtype, ", got ",
                    x.defined() ? cat(x.dtype()) : "nothing");
  check<ShapeError>(x.rank() == 2, op, "{batch, length} expected, got ", x.shape());
}

template <class T>
std::vector<int64_t> lengths_of(const Tensor& x, T padding) {
  const Tensor local = x.to(cpu()).dense();
  const auto values = local.host<T>();
  const auto rows = static_cast<size_t>(x.dim(0)), length = static_cast<size_t>(x.dim(1));
  std::vector<int64_t> lengths;
  for (size_t i = 0; i < rows; ++i) {
    const auto row = values.subspan(i * length, length);
    const auto end = std::find(row.begin(), row.end(), padding);
    check(std::all_of(end, row.end(), [padding](T value) { return value == padding; }), op, "row ", i,
          " has padding before a token: rows must be padded on the right");
    lengths.push_back(end - row.begin());
  }
  return lengths;
}

}  // namespace

std::vector<int64_t> lengths_of(const Tensor& ids, int64_t padding) {
  check_rows(ids, i32);
  return lengths_of<int32_t>(ids, static_cast<int32_t>(padding));
}

std::vector<int64_t> lengths_of(const Tensor& mask) {
  check_rows(mask, u8);
  return lengths_of<uint8_t>(mask, 0);
}

Tensor packed(const Tensor& x, const std::vector<int64_t>& lengths, Device device) {
  check_rows(x, i32);
  check<ShapeError>(x.dim(0) == static_cast<int64_t>(lengths.size()), op, lengths.size(), " lengths for ",
                    x.shape());
  const Tensor local = x.to(cpu()).dense();
  const auto values = local.host<int32_t>();
  std::vector<int32_t> out;
  for (size_t i = 0; i < lengths.size(); ++i) {
    check<ShapeError>(lengths[i] >= 0 && lengths[i] <= x.dim(1), op, "row ", i, " of ", x.shape(), " has no ",
                      lengths[i], " values");
    const auto row = values.subspan(i * static_cast<size_t>(x.dim(1)), static_cast<size_t>(lengths[i]));
    out.insert(out.end(), row.begin(), row.end());
  }
  return Tensor::from(std::span<const int32_t>(out), {1, static_cast<int64_t>(out.size())}, device);
}

PackedTokens packed_tokens(const Tensor& ids, const std::vector<int64_t>& lengths, Device device) {
  std::vector<int32_t> positions;
  for (const int64_t length : lengths) {
    for (int32_t t = 0; t < length; ++t) positions.push_back(t);
  }
  return {.ids = packed(ids, lengths, device),
          .positions = Tensor::from(std::span<const int32_t>(positions),
                                    {1, static_cast<int64_t>(positions.size())}, device),
          .segments = Segments(lengths, device)};
}

}  // namespace mosaic::nn
