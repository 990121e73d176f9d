#include "data/batch.h"

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"

namespace mosaic::data {
namespace {

int64_t longer_side(const Example& example) {
  return static_cast<int64_t>(std::max(example.source.size(), example.target.size()));
}

// Cuts the sorted examples into batches by the rule in the header.
std::vector<std::vector<int64_t>> cut(const std::vector<Example>& examples,
                                      const std::vector<int64_t>& sorted, const BatchOptions& options) {
  std::vector<std::vector<int64_t>> batches;
  std::vector<int64_t> open;
  int64_t longest = 0;
  for (const int64_t index : sorted) {
    const int64_t length = longer_side(examples[static_cast<size_t>(index)]);
    const auto n = static_cast<int64_t>(open.size()), m = options.row_multiple;
    const bool full =
        n > 0 && ((n + 1) * std::max(longest, length) > options.max_tokens || n == options.max_rows);
    if (full) {
      const auto given = open.begin() + std::max(m * (n / m), n % m);
      batches.emplace_back(open.begin(), given);
      open.erase(open.begin(), given);
      longest = 0;
      for (const int64_t kept : open)
        longest = std::max(longest, longer_side(examples[static_cast<size_t>(kept)]));
    }
    longest = std::max(longest, length);
    open.push_back(index);
  }
  if (!open.empty()) batches.push_back(std::move(open));
  return batches;
}

void put_row(std::vector<int32_t>& out, int64_t row, int64_t width, const std::vector<int32_t>& ids) {
  std::copy(ids.begin(), ids.end(), out.begin() + row * width);
}

}  // namespace

Batch make_batch(const std::vector<Example>& examples, const std::vector<int64_t>& indices) {
  check(!indices.empty(), "make_batch", "no example was named");
  Batch batch;
  batch.rows = static_cast<int64_t>(indices.size());
  batch.indices = indices;
  for (const int64_t index : indices) {
    check(index >= 0 && index < static_cast<int64_t>(examples.size()), "make_batch", "index ", index,
          " is outside the ", examples.size(), " examples");
    const Example& example = examples[static_cast<size_t>(index)];
    check(!example.source.empty() && !example.target.empty(), "make_batch", "example ", index,
          " has an empty side");
    const auto source = static_cast<int64_t>(example.source.size()),
               target = static_cast<int64_t>(example.target.size());
    batch.source_lengths.push_back(static_cast<int32_t>(source));
    batch.target_lengths.push_back(static_cast<int32_t>(target));
    batch.source_length = std::max(batch.source_length, source);
    batch.target_length = std::max(batch.target_length, target);
    batch.source_tokens += source;
    batch.target_tokens += target;
  }
  batch.source.assign(static_cast<size_t>(batch.rows * batch.source_length), Subwords::pad);
  batch.target.assign(static_cast<size_t>(batch.rows * batch.target_length), Subwords::pad);
  batch.decoder_input = batch.target;
  for (int64_t row = 0; row < batch.rows; ++row) {
    const Example& example = examples[static_cast<size_t>(indices[static_cast<size_t>(row)])];
    put_row(batch.source, row, batch.source_length, example.source);
    put_row(batch.target, row, batch.target_length, example.target);
    std::vector<int32_t> shifted = example.target;
    std::rotate(shifted.begin(), shifted.end() - 1, shifted.end());
    put_row(batch.decoder_input, row, batch.target_length, shifted);
  }
  return batch;
}

json describe(const DataPosition& position) {
  return {{"epoch", position.epoch}, {"batch", position.batch}};
}

DataPosition data_position(const json& value, const std::string& where) {
  Fields fields(value, where);
  const DataPosition position{fields.integer("epoch", 0, INT64_MAX), fields.integer("batch", 0, INT64_MAX)};
  fields.finish();
  return position;
}

BatchPlan::BatchPlan(const std::vector<Example>& examples, const BatchOptions& options,
                     const Generator& random)
    : epochs_(random.fork("epochs")) {
  check(options.max_tokens >= 1, "batches", "max_tokens must be at least 1, got ", options.max_tokens);
  check(options.max_rows >= 0, "batches", "max_rows must be at least 0, got ", options.max_rows);
  check(options.row_multiple >= 1, "batches", "row_multiple must be at least 1, got ", options.row_multiple);
  check(options.max_positions >= 1, "batches", "max_positions must be at least 1, got ",
        options.max_positions);
  const int64_t limit = std::min(options.max_positions, options.max_tokens);
  std::vector<int64_t> sorted;
  for (size_t i = 0; i < examples.size(); ++i) {
    const int64_t length = longer_side(examples[i]);
    if (length <= limit) {
      sorted.push_back(static_cast<int64_t>(i));
    } else {
      check(options.drop_long, "batches", "example ", i, " has ", length, " tokens, more than the ", limit,
            " allowed (max_positions ", options.max_positions, ", max_tokens ", options.max_tokens, ")");
      ++dropped_;
    }
  }
  check(!sorted.empty(), "batches", "there is no example",
        dropped_ ? cat(": all ", dropped_, " are too long") : "");
  random.fork("examples").shuffle(sorted);
  const auto by = [&](auto side) {
    std::stable_sort(sorted.begin(), sorted.end(), [&](int64_t a, int64_t b) {
      return (examples[static_cast<size_t>(a)].*side).size() <
             (examples[static_cast<size_t>(b)].*side).size();
    });
  };
  by(&Example::target);
  by(&Example::source);
  batches_ = cut(examples, sorted, options);
  examples_ = static_cast<int64_t>(sorted.size());
  for (const auto& batch : batches_) {
    int64_t tokens = 0;
    for (const int64_t index : batch)
      tokens += static_cast<int64_t>(examples[static_cast<size_t>(index)].target.size());
    batch_tokens_.push_back(tokens);
    target_tokens_ += tokens;
  }
}

std::vector<int64_t> BatchPlan::order(int64_t epoch) const {
  check(epoch >= 0, "batches", "the epoch must be at least 0, got ", epoch);
  std::vector<int64_t> order(batches_.size());
  std::iota(order.begin(), order.end(), 0);
  epochs_.fork(static_cast<uint64_t>(epoch)).shuffle(order);
  return order;
}

Update BatchPlan::update(DataPosition position, int64_t tokens) const {
  check(position.epoch >= 0 && position.batch >= 0 && position.batch < batches(), "batches",
        "position (epoch ", position.epoch, ", batch ", position.batch, ") is outside a plan of ", batches(),
        " batches an epoch");
  Update update;
  std::vector<int64_t> order = this->order(position.epoch);
  do {
    const auto chosen = static_cast<size_t>(order[static_cast<size_t>(position.batch)]);
    update.batches.push_back(batches_[chosen]);
    update.target_tokens += batch_tokens_[chosen];
    if (++position.batch == batches()) {
      position = {position.epoch + 1, 0};
      order = this->order(position.epoch);
    }
  } while (update.target_tokens < tokens);
  update.next = position;
  return update;
}

}  // namespace mosaic::data
