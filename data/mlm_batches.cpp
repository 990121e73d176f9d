#include "data/mlm_batches.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

constexpr int feistel_rounds = 8;

// `mask(ids, sequence)` gives the MaskedSequence of each row.
template <class Mask>
MlmBatch lay_out(const MlmSequences& sequences, const std::vector<int64_t>& indices, int32_t pad,
                 const Mask& mask) {
  check(!indices.empty(), "make_mlm_batch", "no sequence was named");
  std::vector<MaskedSequence> rows(indices.size());
  parallel_for(static_cast<int64_t>(indices.size()), 16, [&](int64_t begin, int64_t end) {
    std::vector<int32_t> ids;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      sequences.read(indices[i], ids);
      rows[i] = mask(ids, indices[i]);
    }
  });
  MlmBatch batch;
  batch.rows = static_cast<int64_t>(rows.size());
  batch.indices = indices;
  for (const MaskedSequence& row : rows) {
    batch.lengths.push_back(static_cast<int32_t>(row.ids.size()));
    batch.length = std::max(batch.length, static_cast<int64_t>(row.ids.size()));
    batch.tokens += static_cast<int64_t>(row.ids.size());
  }
  check(batch.rows * batch.length <= INT32_MAX, "make_mlm_batch", batch.rows, " rows of ", batch.length,
        " ids are too many for one batch");
  batch.ids.assign(static_cast<size_t>(batch.rows * batch.length), pad);
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto start = static_cast<int32_t>(static_cast<int64_t>(row) * batch.length);
    std::copy(rows[row].ids.begin(), rows[row].ids.end(), batch.ids.begin() + start);
    for (const int32_t position : rows[row].positions) batch.positions.push_back(start + position);
    batch.targets.insert(batch.targets.end(), rows[row].targets.begin(), rows[row].targets.end());
  }
  return batch;
}

}  // namespace

MlmBatch make_mlm_batch(const MlmSequences& sequences, const Masking& masking,
                        const std::vector<int64_t>& indices, int64_t epoch) {
  return lay_out(sequences, indices, masking.pad(), [&](const std::vector<int32_t>& ids, int64_t sequence) {
    return masking.train(ids, epoch, sequence);
  });
}

MlmBatch make_valid_batch(const MlmSequences& sequences, const Masking& masking,
                          const std::vector<int64_t>& indices) {
  return lay_out(sequences, indices, masking.pad(), [&](const std::vector<int32_t>& ids, int64_t sequence) {
    return masking.valid(ids, sequence);
  });
}

RandomOrder::RandomOrder(int64_t size, const Generator& random) : size_(size), key_(random.key()) {
  check(size >= 1 && size <= int64_t{1} << 60, "random order", "the size must lie in 1..2^60, got ", size);
  half_bits_ = std::max(1, (static_cast<int>(std::bit_width(static_cast<uint64_t>(size - 1))) + 1) / 2);
}

int64_t RandomOrder::operator()(int64_t place) const {
  check(place >= 0 && place < size_, "random order", "place ", place, " is outside 0..", size_ - 1);
  const uint64_t low = (uint64_t{1} << half_bits_) - 1;
  auto value = static_cast<uint64_t>(place);
  do {
    uint64_t left = value >> half_bits_, right = value & low;
    for (uint64_t round = 0; round < feistel_rounds; ++round) {
      uint32_t words[4];
      philox4x32(key_, round << 32 | right, words);
      left = std::exchange(right, left ^ (words[0] & low));
    }
    value = left << half_bits_ | right;
  } while (value >= static_cast<uint64_t>(size_));
  return static_cast<int64_t>(value);
}

MlmPlan::MlmPlan(int64_t sequences, int64_t rows, const Generator& random)
    : sequences_(sequences), rows_(std::min(rows, sequences)), epochs_(random.fork("mlm epochs")) {
  check(sequences >= 1, "mlm batches", "there is no sequence");
  check(rows >= 1, "mlm batches", "the rows of a batch must be at least 1, got ", rows);
  batches_ = sequences_ / rows_;
}

void MlmPlan::check_position(const DataPosition& position) const {
  check(position.epoch >= 0 && position.batch >= 0 && position.batch < batches_, "mlm batches",
        "position (epoch ", position.epoch, ", batch ", position.batch, ") is outside a plan of ", batches_,
        " batches an epoch");
}

std::vector<int64_t> MlmPlan::batch(const DataPosition& position) const {
  check_position(position);
  const RandomOrder order(sequences_, epochs_.fork(static_cast<uint64_t>(position.epoch)));
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < rows_; ++i) indices.push_back(order(position.batch * rows_ + i));
  return indices;
}

DataPosition MlmPlan::next(const DataPosition& position) const {
  check_position(position);
  return position.batch + 1 < batches_ ? DataPosition{position.epoch, position.batch + 1}
                                       : DataPosition{position.epoch + 1, 0};
}

std::vector<std::vector<int64_t>> batches_in_order(int64_t sequences, int64_t rows) {
  check(sequences >= 0 && rows >= 1, "mlm batches", "sequences must be at least 0 and rows at least 1, got ",
        sequences, " and ", rows);
  std::vector<std::vector<int64_t>> batches;
  for (int64_t begin = 0; begin < sequences; begin += rows) {
    std::vector<int64_t>& batch =
        batches.emplace_back(static_cast<size_t>(std::min(rows, sequences - begin)));
    std::iota(batch.begin(), batch.end(), begin);
  }
  return batches;
}

}  // namespace mosaic::data
