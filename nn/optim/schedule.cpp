#include "nn/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/core/error.h"

namespace mosaic::nn {
namespace {

const std::vector<std::string> shape_names{"constant", "linear", "cosine", "inverse_sqrt"};

bool has_end(Schedule::Shape shape) {
  return shape == Schedule::Shape::linear || shape == Schedule::Shape::cosine;
}

}  // namespace

double Schedule::operator()(int64_t done) const {
  check<ArgumentError>(done >= 0, "Schedule", "updates done must not be negative, got ", done);
  if (done < warmup_updates) {
    return warmup_start +
           (peak - warmup_start) * static_cast<double>(done) / static_cast<double>(warmup_updates);
  }
  if (shape == Shape::constant) return peak;
  if (shape == Shape::inverse_sqrt) {
    const auto reference = static_cast<double>(std::max<int64_t>(warmup_updates, 1));
    return peak * std::sqrt(reference / std::max(static_cast<double>(done), reference));
  }
  if (done >= total_updates) return end;
  const double part =
      static_cast<double>(done - warmup_updates) / static_cast<double>(total_updates - warmup_updates);
  if (shape == Shape::linear) return peak + (end - peak) * part;
  return end + (peak - end) / 2 * (1 + std::cos(std::numbers::pi * part));
}

void Schedule::validate() const {
  check<ArgumentError>(peak > 0 && std::isfinite(peak), "schedule", "peak must be positive, got ", peak);
  check<ArgumentError>(warmup_updates >= 0, "schedule", "warmup_updates must not be negative, got ",
                       warmup_updates);
  check<ArgumentError>(warmup_start >= 0 && warmup_start <= peak, "schedule", "warmup_start must be in [0, ",
                       peak, "], got ", warmup_start);
  check<ArgumentError>(end >= 0 && end <= peak, "schedule", "end must be in [0, ", peak, "], got ", end);
  check<ArgumentError>(!has_end(shape) || total_updates > warmup_updates, "schedule",
                       "total_updates must exceed the ", warmup_updates, " warm-up updates, got ",
                       total_updates);
}

json Schedule::to_json() const {
  json value;
  value["shape"] = shape_names[static_cast<size_t>(shape)];
  value["peak"] = peak;
  value["warmup_updates"] = warmup_updates;
  value["warmup_start"] = warmup_start;
  value["end"] = end;
  value["total_updates"] = total_updates;
  return value;
}

Schedule Schedule::from_json(const json& value, const std::string& where) {
  constexpr int64_t most = int64_t{1} << 40;
  Fields fields(value, where);
  Schedule schedule;
  const std::string name = fields.one_of("shape", shape_names);
  schedule.shape =
      static_cast<Shape>(std::find(shape_names.begin(), shape_names.end(), name) - shape_names.begin());
  schedule.peak = fields.number("peak", 0, 1e6);
  schedule.warmup_updates = fields.integer_or("warmup_updates", 0, 0, most);
  schedule.warmup_start = fields.number_or("warmup_start", std::min(1e-7, schedule.peak), 0, 1e6);
  schedule.end = fields.number_or("end", 0, 0, 1e6);
  schedule.total_updates = fields.integer_or("total_updates", 0, 0, most);
  fields.finish();
  try {
    schedule.validate();
  } catch (const ArgumentError& error) {
    const std::string text = error.what();  // "[schedule] message"
    throw FormatError(where, text.substr(text.find("] ") + 2));
  }
  return schedule;
}

}  // namespace mosaic::nn
