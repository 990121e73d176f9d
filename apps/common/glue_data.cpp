#include "apps/common/glue_data.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "apps/common/interrupt.h"
#include "apps/common/output.h"
#include "apps/common/text.h"
#include "engine/autograd/node.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

constexpr int64_t prediction_rows = 64;

std::optional<fs::path> file_if_there(const fs::path& root, const data::GlueTask& task,
                                      data::GlueSplit split) {
  if (root.empty() || !task.has(split)) return {};
  try {
    return data::find_glue_file(root, task, split);
  } catch (const ResourceError&) {
    return {};
  }
}

data::GlueInputs inputs_of(const data::GlueTask& task, data::GlueSplit split, const fs::path& file,
                           const data::WordPiece& wordpiece, int64_t max_length) {
  stop_if_interrupted("the data were being read; --resume goes on");
  const data::GlueData data = data::read_glue(task, split, file);
  if (data.report.broken_rows > 0)
    warn(file.string(), ": ", data.report.broken_rows,
         " rows are broken by a newline and left out, the first at ", data.report.first_broken);
  data::GlueInputs inputs(data, wordpiece, max_length);
  detail(file.string(), ": ", inputs.size(), " examples, ", inputs.tokens(), " tokens, ", inputs.cut(),
         " cut to ", max_length);
  return inputs;
}

json sizes_of(const data::GlueInputs& inputs) {
  return {{"examples", inputs.size()}, {"tokens", inputs.tokens()}, {"cut", inputs.cut()}};
}

}  // namespace

json GlueTaskData::facts() const {
  json value{{"train", sizes_of(train)}, {"dev", json::object()}, {"test", json::object()}};
  for (const GlueEvaluation& part : dev) value["dev"][part.set->name] = sizes_of(part.inputs);
  for (const GlueEvaluation& part : test) value["test"][part.set->name] = sizes_of(part.inputs);
  return value;
}

data::GlueInputs open_glue_training(const GlueSettings& settings, const data::GlueTask& task,
                                    const data::WordPiece& wordpiece) {
  const fs::path file = settings.train_file.empty()
                            ? data::find_glue_file(settings.glue, task, data::GlueSplit::train)
                            : settings.train_file;
  return inputs_of(task, data::GlueSplit::train, file, wordpiece, settings.max_length);
}

GlueTaskData open_glue_task(const GlueSettings& settings, const data::GlueTask& task,
                            const data::WordPiece& wordpiece) {
  const auto read = [&](const data::GlueTask& of, data::GlueSplit split, const fs::path& file) {
    return inputs_of(of, split, file, wordpiece, settings.max_length);
  };
  GlueTaskData data{
      .task = &task, .train = open_glue_training(settings, task, wordpiece), .dev = {}, .test = {}};
  for (const data::GlueSet& set : data::glue_sets()) {
    // AX is told apart from MNLI by having no training set of its own.
    const bool of_mnli = set.task->name == "AX" && task.name == "MNLI";
    if (set.task != &task && !of_mnli) continue;
    if (set.dev == data::GlueSplit::dev) {
      const fs::path file =
          settings.dev_file.empty() ? data::find_glue_file(settings.glue, task, *set.dev) : settings.dev_file;
      data.dev.push_back({&set, read(task, *set.dev, file)});
    } else if (set.dev) {
      if (const auto file = file_if_there(settings.glue, task, *set.dev))
        data.dev.push_back({&set, read(task, *set.dev, *file)});
    }
    if (const auto file = file_if_there(settings.glue, *set.task, set.test))
      data.test.push_back({&set, read(*set.task, set.test, *file)});
  }
  return data;
}

int64_t glue_outputs(const data::GlueTask& task) {
  return task.regression() ? 1 : static_cast<int64_t>(task.labels.size());
}

void check_positions(const nn::BertConfig& config, int64_t max_length, const fs::path& where) {
  check<UsageError>(config.positions >= max_length, "--max-length", max_length, " is more than the ",
                    config.positions, " positions of ", path_text(where));
}

nn::LabelledBatch to_tensors(const data::GlueBatch& batch) {
  const Shape shape{batch.rows, batch.length};
  nn::LabelledBatch out{.input = {.ids = Tensor::from(std::span<const int32_t>(batch.ids), shape),
                                  .types = Tensor::from(std::span<const int32_t>(batch.types), shape),
                                  .mask = {}},
                        .targets = {}};
  if (!batch.labels.empty())
    out.targets = Tensor::from(std::span<const int32_t>(batch.labels), {batch.rows});
  else if (!batch.scores.empty())
    out.targets = Tensor::from(std::span<const float>(batch.scores), {batch.rows});
  return out;
}

GlueUpdates::GlueUpdates(const data::GlueInputs& inputs, int64_t rows, const Generator& random,
                         const std::vector<float>* teacher, std::string identity)
    : inputs_(inputs), plan_(inputs.size(), rows, random), teacher_(teacher), identity_(std::move(identity)) {
  const auto wanted = static_cast<size_t>(inputs.size() * glue_outputs(inputs.task()));
  check(!teacher || teacher->size() == wanted, "GlueUpdates", "the teacher has ",
        teacher ? teacher->size() : 0, " logits, ", inputs.task().name, " needs ", wanted);
}

Tensor GlueUpdates::teacher_logits(const std::vector<int64_t>& indices) const {
  const auto width = glue_outputs(inputs_.task());
  std::vector<float> rows;
  for (const int64_t index : indices) {
    const auto begin = teacher_->begin() + index * width;
    rows.insert(rows.end(), begin, begin + width);
  }
  return Tensor::from(std::span<const float>(rows), {static_cast<int64_t>(indices.size()), width});
}

std::vector<nn::Batch> GlueUpdates::next() {
  const data::GlueBatch batch = data::make_glue_batch(inputs_, plan_.batch(position_));
  nn::LabelledBatch tensors = to_tensors(batch);
  if (teacher_) tensors.teacher = teacher_logits(batch.indices);
  position_ = plan_.next(position_);
  gave(batch.tokens);
  return {std::move(tensors)};
}

json GlueUpdates::cursor() const {
  return cursor_of(identity_, position_);
}

void GlueUpdates::seek(const json& cursor) {
  position_ = position_from(cursor, identity_, plan_.batches());
}

std::vector<float> glue_logits(const nn::Bert& model, const data::GlueInputs& inputs) {
  const NoGrad quiet;
  const int64_t width = model.config().labels;
  std::vector<float> logits(static_cast<size_t>(inputs.size() * width));
  for (const std::vector<int64_t>& indices : data::batches_by_length(inputs, prediction_rows)) {
    stop_if_interrupted("predictions are made again by --resume");
    const nn::BertInput input = to_tensors(data::make_glue_batch(inputs, indices)).input;
    const Tensor out = model.classify(model.encode(input)).to(f32).dense();  // {rows, width}
    const std::span<const float> values = out.host<float>();
    for (const float value : values)
      check<nn::NonFiniteError>(std::isfinite(value), inputs.task().name.c_str(),
                                "a prediction is not finite: ", value);
    for (size_t row = 0; row < indices.size(); ++row)
      std::copy_n(values.begin() + static_cast<int64_t>(row) * width, width,
                  logits.begin() + indices[row] * width);
  }
  return logits;
}

data::GlueValues glue_predictions(const nn::Bert& model, const data::GlueInputs& inputs) {
  const std::vector<float> logits = glue_logits(model, inputs);
  data::GlueValues values;
  if (inputs.task().regression()) {
    values.scores.assign(logits.begin(), logits.end());
    return values;
  }
  const int64_t width = model.config().labels;
  for (auto row = logits.begin(); row != logits.end(); row += width)
    values.labels.push_back(static_cast<int32_t>(std::max_element(row, row + width) - row));
  return values;
}

}  // namespace mosaic::apps
