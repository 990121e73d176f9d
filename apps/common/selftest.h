// The checks of checks/, run one after another and gathered as text and JSON.
#pragma once

#include <string>

#include "engine/core/device.h"
#include "engine/core/json.h"

namespace mosaic::apps {

struct SelftestSettings {
  Device device;
  bool full = false;
  std::string op;           // only this one, without the checks that are of no op; empty: everything
  double tolerance = 1e-6;  // largest relative error of a gradient on the CPU
};

// Failures are told on standard error as they are found. Returns what `mosaic selftest --json` prints:
// "ops", "cases", "failed", "skipped" (cases that the level or the op leaves out), "worst" (of gradients
// against differences on the CPU, of f32 beside the CPU elsewhere), "results" (op, cases, failed, measures),
// "failures", "products", "memory", "training", "timings", "gpu". UsageError with the nearest name for an op
// that is not in the table.
json run_selftest(const SelftestSettings& settings);

// The results as a table for people.
std::string selftest_text(const json& results);

}  // namespace mosaic::apps
