// The value of a score, or why it has none.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace mosaic::data {

// A number, or none with the reason: what is undefined must never look like a score.
struct MetricValue {
  std::optional<double> value;
  std::string undefined_because;  // "constant predictions"; empty exactly when there is a value
  std::string note;               // set when a convention and not the formula decided the value

  static MetricValue of(double value, std::string note = {}) {
    return {.value = value, .undefined_because = {}, .note = std::move(note)};
  }
  static MetricValue undefined(std::string because) {
    return {.value = {}, .undefined_because = std::move(because), .note = {}};
  }
  bool defined() const { return value.has_value(); }
};

}  // namespace mosaic::data
