// Learning-rate schedules as values: a warm-up, then one of ten shapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/json.h"

namespace mosaic::nn {

struct Schedule {
  enum class Shape : uint8_t {
    constant,
    linear,
    cosine,
    inverse_sqrt,
    polynomial,
    exponential,
    step,
    multi_step,
    cosine_restarts,
    one_cycle
  };
  Shape shape = Shape::cosine;
  double peak = 1e-3;          // reached after the warm-up
  int64_t warmup_updates = 0;  // linear from warmup_start to peak (one_cycle: half a cosine)
  double warmup_start = 1e-7;
  double end = 0;             // reached at total_updates and kept; of the others, the lowest rate
  int64_t total_updates = 0;  // of the shapes that end (ends()); ignored by the others

  double power = 1;                      // polynomial
  double factor = 0.1;                   // exponential (an update), step, multi_step (a step)
  int64_t step_updates = 0;              // step: updates from one step to the next
  std::vector<int64_t> milestones = {};  // multi_step: increasing, counted from the first update
  int64_t cycle_updates = 0;             // cosine_restarts: length of the first cycle
  int64_t cycle_growth = 1;              // cosine_restarts: each cycle is this many times the one before

  // The rate of the update that follows `done` updates (0 for the first). For t = done >= W, with n = t - W
  // and part = n / (T - W):
  //   constant         peak
  //   linear           peak + (end - peak) part
  //   cosine           end + (peak - end) / 2 (1 + cos(pi part))      (Loshchilov and Hutter 2017)
  //   inverse_sqrt     peak sqrt(W / t), with W taken as 1 when there is no warm-up (Vaswani et al. 2017)
  //   polynomial       end + (peak - end) (1 - part)^power
  //   exponential      max(end, peak factor^n)
  //   step             max(end, peak factor^floor(n / step_updates))
  //   multi_step       max(end, peak factor^m), m the number of milestones <= t
  //   cosine_restarts  end + (peak - end) / 2 (1 + cos(pi i / C)), i updates into the present cycle of C;
  //                    cycle k = 0, 1, ... has cycle_updates cycle_growth^k (SGDR, the same authors)
  //   one_cycle        cosine, after half a cosine as warm-up (Smith and Topin 2018):
  //                    warmup_start + (peak - warmup_start) / 2 (1 - cos(pi t / W))
  double operator()(int64_t done) const;

  // Whether the shape reaches `end` at total_updates, which it then needs.
  bool ends() const { return ends(shape); }
  static bool ends(Shape shape);
  // By a name of the JSON form; false for an unknown one.
  static bool ends(std::string_view name);

  bool operator==(const Schedule&) const = default;
  // ArgumentError naming the field.
  void validate() const;
  // Fields that belong to one shape only are written for that shape, and refused for others.
  json to_json() const;
  // FormatError; `where` opens the message.
  static Schedule from_json(const json& value, const std::string& where);
};

}  // namespace mosaic::nn
