#include "nn/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/core/error.h"

namespace mosaic::nn {
namespace {

using Shape = Schedule::Shape;

const std::vector<std::string> shape_names{"constant",        "linear",      "cosine", "inverse_sqrt",
                                           "polynomial",      "exponential", "step",   "multi_step",
                                           "cosine_restarts", "one_cycle"};

const std::string& name_of(Shape shape) {
  return shape_names[static_cast<size_t>(shape)];
}

// from at part 0, to at part 1, level at both.
double half_cosine(double from, double to, double part) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * part));
}

double ratio(int64_t a, int64_t b) {
  return static_cast<double>(a) / static_cast<double>(b);
}

// How much of the present cycle is over after n updates.
double part_of_cycle(int64_t n, int64_t length, int64_t growth) {
  if (growth == 1) return ratio(n % length, length);
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  while (n >= length) {
    n -= length;
    length = length > most / growth ? most : length * growth;
  }
  return ratio(n, length);
}

bool has_factor(Shape shape) {
  return shape == Shape::exponential || shape == Shape::step || shape == Shape::multi_step;
}

// peak factor^steps, not below end.
double decayed(const Schedule& s, double steps) {
  return std::max(s.end, s.peak * std::pow(s.factor, steps));
}

}  // namespace

bool Schedule::ends(Shape shape) {
  return shape == Shape::linear || shape == Shape::cosine || shape == Shape::polynomial ||
         shape == Shape::one_cycle;
}

bool Schedule::ends(std::string_view name) {
  const auto found = std::find(shape_names.begin(), shape_names.end(), name);
  return found != shape_names.end() && ends(static_cast<Shape>(found - shape_names.begin()));
}

double Schedule::operator()(int64_t done) const {
  check<ArgumentError>(done >= 0, "Schedule", "updates done must not be negative, got ", done);
  if (done < warmup_updates) {
    if (shape == Shape::one_cycle) return half_cosine(warmup_start, peak, ratio(done, warmup_updates));
    return warmup_start +
           (peak - warmup_start) * static_cast<double>(done) / static_cast<double>(warmup_updates);
  }
  if (ends() && done >= total_updates) return end;
  const int64_t n = done - warmup_updates;
  switch (shape) {
    case Shape::constant:
      return peak;
    case Shape::linear:
      return peak + (end - peak) * ratio(n, total_updates - warmup_updates);
    case Shape::cosine:
    case Shape::one_cycle:
      return half_cosine(peak, end, ratio(n, total_updates - warmup_updates));
    case Shape::inverse_sqrt: {
      const auto reference = static_cast<double>(std::max<int64_t>(warmup_updates, 1));
      return peak * std::sqrt(reference / std::max(static_cast<double>(done), reference));
    }
    case Shape::polynomial:
      return end + (peak - end) * std::pow(1 - ratio(n, total_updates - warmup_updates), power);
    case Shape::exponential:
      return decayed(*this, static_cast<double>(n));
    case Shape::step:
      return decayed(*this, static_cast<double>(n / step_updates));
    case Shape::multi_step:
      return decayed(*this, static_cast<double>(std::upper_bound(milestones.begin(), milestones.end(), done) -
                                                milestones.begin()));
    case Shape::cosine_restarts:
      return half_cosine(peak, end, part_of_cycle(n, cycle_updates, cycle_growth));
  }
  return peak;  // not reached
}

void Schedule::validate() const {
  check<ArgumentError>(peak > 0 && std::isfinite(peak), "schedule", "peak must be positive, got ", peak);
  check<ArgumentError>(warmup_updates >= 0, "schedule", "warmup_updates must not be negative, got ",
                       warmup_updates);
  check<ArgumentError>(warmup_start >= 0 && warmup_start <= peak, "schedule", "warmup_start must be in [0, ",
                       peak, "], got ", warmup_start);
  check<ArgumentError>(end >= 0 && end <= peak, "schedule", "end must be in [0, ", peak, "], got ", end);
  check<ArgumentError>(!ends() || total_updates > warmup_updates, "schedule",
                       "total_updates must exceed the ", warmup_updates, " warm-up updates, got ",
                       total_updates);
  check<ArgumentError>(shape != Shape::polynomial || (power > 0 && std::isfinite(power)), "schedule",
                       "power must be positive, got ", power);
  check<ArgumentError>(!has_factor(shape) || (factor > 0 && factor <= 1), "schedule",
                       "factor must be in (0, 1], got ", factor);
  check<ArgumentError>(shape != Shape::step || step_updates > 0, "schedule",
                       "step_updates must be positive, got ", step_updates);
  check<ArgumentError>(shape != Shape::cosine_restarts || (cycle_updates > 0 && cycle_growth > 0), "schedule",
                       "cycle_updates and cycle_growth must be positive, got ", cycle_updates, " and ",
                       cycle_growth);
  if (shape != Shape::multi_step) return;
  check<ArgumentError>(!milestones.empty(), "schedule", "milestones must not be empty");
  int64_t last = warmup_updates;
  for (const int64_t milestone : milestones) {
    check<ArgumentError>(milestone > last, "schedule",
                         "milestones must increase and come after the warm-up, got ", milestone, " after ",
                         last);
    last = milestone;
  }
}

json Schedule::to_json() const {
  json value;
  value["shape"] = name_of(shape);
  value["peak"] = peak;
  value["warmup_updates"] = warmup_updates;
  value["warmup_start"] = warmup_start;
  value["end"] = end;
  value["total_updates"] = total_updates;
  if (shape == Shape::polynomial) value["power"] = power;
  if (has_factor(shape)) value["factor"] = factor;
  if (shape == Shape::step) value["step_updates"] = step_updates;
  if (shape == Shape::multi_step) value["milestones"] = milestones;
  if (shape == Shape::cosine_restarts) {
    value["cycle_updates"] = cycle_updates;
    value["cycle_growth"] = cycle_growth;
  }
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
  if (schedule.shape == Shape::polynomial) schedule.power = fields.number_or("power", 1, 0, 1e3);
  if (schedule.shape == Shape::exponential) schedule.factor = fields.number("factor", 0, 1);
  if (schedule.shape == Shape::step || schedule.shape == Shape::multi_step)
    schedule.factor = fields.number_or("factor", 0.1, 0, 1);
  if (schedule.shape == Shape::step) schedule.step_updates = fields.integer("step_updates", 1, most);
  if (schedule.shape == Shape::multi_step) schedule.milestones = fields.integers("milestones", 1, most);
  if (schedule.shape == Shape::cosine_restarts) {
    schedule.cycle_updates = fields.integer("cycle_updates", 1, most);
    schedule.cycle_growth = fields.integer_or("cycle_growth", 1, 1, 1000);
  }
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
