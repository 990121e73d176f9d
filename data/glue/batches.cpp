#include "data/glue/batches.h"

#include <algorithm>
#include <numeric>

#include "data/mlm_batches.h"
#include "data/text/stream_hash.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

constexpr size_t block_examples = 4096;  // encoded at once, to bound what is held twice

BertInput encode(const GlueTask& task, const GlueExample& example, const WordPiece& wordpiece,
                 int64_t max_length) {
  const std::vector<int32_t> first = wordpiece.encode(example.first);
  if (!task.pair()) return wordpiece.input(first, max_length);
  return wordpiece.input(first, wordpiece.encode(example.second), max_length);
}

template <class T>
void add_all(StreamHash& hash, const std::vector<T>& values) {
  const auto size = static_cast<uint64_t>(values.size());
  hash.add({reinterpret_cast<const char*>(&size), sizeof size});
  hash.add({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

}  // namespace

GlueInputs::GlueInputs(const GlueData& data, const WordPiece& wordpiece, int64_t max_length)
    : task_(data.task), pad_(wordpiece.pad()), starts_{0} {
  const std::vector<GlueExample>& examples = data.examples;
  check(!examples.empty(), "glue inputs", task_->name, "'s ", to_string(data.split), " has no examples");
  std::vector<BertInput> block;
  for (size_t start = 0; start < examples.size(); start += block_examples) {
    block.assign(std::min(block_examples, examples.size() - start), {});
    parallel_for(static_cast<int64_t>(block.size()), 32, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        block[i] = encode(*task_, examples[start + i], wordpiece, max_length);
    });
    for (const BertInput& input : block) append(input);
  }
  if (labelled(data.split)) {
    for (const GlueExample& example : examples) {
      if (task_->regression())
        gold_.scores.push_back(example.score);
      else
        gold_.labels.push_back(example.label);
    }
  }
  hash_ = compute_hash();
}

void GlueInputs::append(const BertInput& input) {
  ids_.insert(ids_.end(), input.ids.begin(), input.ids.end());
  starts_.push_back(static_cast<int64_t>(ids_.size()));
  first_lengths_.push_back(static_cast<int32_t>(std::count(input.types.begin(), input.types.end(), 0)));
  cut_ += input.dropped > 0;
}

std::string GlueInputs::compute_hash() const {
  StreamHash hash;
  hash.add(task_->name);
  add_all(hash, ids_);
  add_all(hash, starts_);
  add_all(hash, first_lengths_);
  add_all(hash, gold_.labels);
  add_all(hash, gold_.scores);
  return hash.digits();
}

std::span<const int32_t> GlueInputs::ids(int64_t index) const {
  check(index >= 0 && index < size(), "glue inputs", "example ", index, " is outside the ", size(), " of ",
        task_->name);
  const auto i = static_cast<size_t>(index);
  return std::span(ids_).subspan(static_cast<size_t>(starts_[i]),
                                 static_cast<size_t>(starts_[i + 1] - starts_[i]));
}

int64_t GlueInputs::first_length(int64_t index) const {
  check(index >= 0 && index < size(), "glue inputs", "example ", index, " is outside the ", size(), " of ",
        task_->name);
  return first_lengths_[static_cast<size_t>(index)];
}

GlueBatch make_glue_batch(const GlueInputs& inputs, const std::vector<int64_t>& indices) {
  check(!indices.empty(), "make_glue_batch", "no example was named");
  GlueBatch batch;
  batch.rows = static_cast<int64_t>(indices.size());
  batch.indices = indices;
  for (const int64_t index : indices) {
    const auto length = static_cast<int64_t>(inputs.ids(index).size());
    batch.length = std::max(batch.length, length);
    batch.tokens += length;
  }
  const auto cells = static_cast<size_t>(batch.rows * batch.length);
  batch.ids.assign(cells, inputs.pad());
  batch.types.assign(cells, 0);
  const GlueValues& gold = inputs.gold();
  for (size_t row = 0; row < indices.size(); ++row) {
    const std::span<const int32_t> ids = inputs.ids(indices[row]);
    const auto start = static_cast<int64_t>(row) * batch.length;
    std::copy(ids.begin(), ids.end(), batch.ids.begin() + start);
    std::fill(batch.types.begin() + start + inputs.first_length(indices[row]),
              batch.types.begin() + start + static_cast<int64_t>(ids.size()), 1);
    const auto example = static_cast<size_t>(indices[row]);
    if (!gold.labels.empty()) batch.labels.push_back(gold.labels[example]);
    if (!gold.scores.empty()) batch.scores.push_back(static_cast<float>(gold.scores[example]));
  }
  return batch;
}

GluePlan::GluePlan(int64_t examples, int64_t rows, const Generator& random)
    : examples_(examples), rows_(rows), epochs_(random.fork("glue epochs")) {
  check(examples >= 1, "glue batches", "there is no example");
  check(rows >= 1, "glue batches", "the rows of a batch must be at least 1, got ", rows);
}

void GluePlan::check_position(const DataPosition& position) const {
  check(position.epoch >= 0 && position.batch >= 0 && position.batch < batches(), "glue batches",
        "position (epoch ", position.epoch, ", batch ", position.batch, ") is outside a plan of ", batches(),
        " batches an epoch");
}

std::vector<int64_t> GluePlan::batch(const DataPosition& position) const {
  check_position(position);
  const RandomOrder order(examples_, epochs_.fork(static_cast<uint64_t>(position.epoch)));
  const int64_t begin = position.batch * rows_;
  std::vector<int64_t> indices;
  for (int64_t place = begin; place < std::min(begin + rows_, examples_); ++place)
    indices.push_back(order(place));
  return indices;
}

DataPosition GluePlan::next(const DataPosition& position) const {
  check_position(position);
  return position.batch + 1 < batches() ? DataPosition{position.epoch, position.batch + 1}
                                        : DataPosition{position.epoch + 1, 0};
}

std::vector<std::vector<int64_t>> batches_by_length(const GlueInputs& inputs, int64_t rows) {
  check(rows >= 1, "glue batches", "the rows of a batch must be at least 1, got ", rows);
  std::vector<int64_t> order(static_cast<size_t>(inputs.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return inputs.ids(a).size() < inputs.ids(b).size(); });
  std::vector<std::vector<int64_t>> batches;
  for (auto at = order.begin(); at != order.end();) {
    const auto end = at + std::min<int64_t>(rows, order.end() - at);
    batches.emplace_back(at, end);
    at = end;
  }
  return batches;
}

}  // namespace mosaic::data
