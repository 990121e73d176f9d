// Learning-rate schedules as values: linear warm-up, then one of four shapes.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/json.h"

namespace mosaic::nn {

struct Schedule {
  enum class Shape : uint8_t { constant, linear, cosine, inverse_sqrt };
  Shape shape = Shape::cosine;
  double peak = 1e-3;          // reached after the warm-up
  int64_t warmup_updates = 0;  // linear from warmup_start to peak
  double warmup_start = 1e-7;
  double end = 0;             // linear, cosine: reached at total_updates and kept
  int64_t total_updates = 0;  // linear, cosine; ignored by the others

  // The rate of the update that follows `done` updates (0 for the first). For t = done >= W:
  //   cosine        end + (peak - end) / 2 * (1 + cos(pi * (t - W) / (T - W)))
  //   linear        peak + (end - peak) * (t - W) / (T - W)
  //   inverse_sqrt  peak * sqrt(W / t), with W taken as 1 when there is no warm-up
  //   constant      peak
  double operator()(int64_t done) const;

  bool operator==(const Schedule&) const = default;
  // ArgumentError naming the field.
  void validate() const;
  json to_json() const;
  // FormatError; `where` opens the message.
  static Schedule from_json(const json& value, const std::string& where);
};

}  // namespace mosaic::nn
