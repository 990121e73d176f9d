#include <algorithm>
#include <map>

#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

constexpr int64_t quick_cases = 2;  // of each op

constexpr std::vector<OpCase> (*tables[])() = {
    unary_cases,          binary_cases,
    activation_cases,     gated_unit_cases,
    where_cases,          comparison_cases,
    in_place_cases,       optimizer_cases,
    creation_cases,       view_cases,
    lookup_cases,         matmul_cases,
    linear_cases,         mix_cases,
    axis_reduction_cases, full_reduction_cases,
    choice_cases,         softmax_cases,
    layer_norm_cases,     rms_norm_cases,
    batch_norm_cases,     given_batch_norm_cases,
    dropout_cases,        attention_cases,
    rotary_cases,         cell_cases,
    conv1d_cases,         conv2d_cases,
    max_pool_cases,       average_pool_cases,
    criterion_cases,      grouped_attention_cases,
    row_length_cases,     layer_width_cases,
    attention_size_cases,
};

}  // namespace

std::string op_of(const OpCase& c) {
  return c.name.substr(0, c.name.find('/'));
}

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> all = [] {
    std::vector<OpCase> cases;
    for (const auto& table : tables)
      for (OpCase& c : table()) cases.push_back(std::move(c));
    return cases;
  }();
  return all;
}

std::vector<const OpCase*> cases_of(Level level, const std::string& op) {
  std::vector<const OpCase*> chosen;
  std::map<std::string, int64_t> taken;
  for (const OpCase& c : op_cases()) {
    const std::string name = op_of(c);
    if (!op.empty() && name != op) continue;
    if (level == Level::full || taken[name]++ < quick_cases) chosen.push_back(&c);
  }
  return chosen;
}

namespace {

// Keeps the measure of its kind that is nearest to its tolerance.
void keep(std::vector<Measure>& measures, const Measure& measure) {
  const auto known = std::find_if(measures.begin(), measures.end(),
                                  [&](const Measure& m) { return m.what == measure.what; });
  if (known == measures.end()) {
    measures.push_back(measure);
  } else if (!(measure.error / measure.tolerance <= known->error / known->tolerance)) {
    *known = measure;
  }
}

}  // namespace

void CaseReport::near(const std::string& what, double error, double tolerance, const std::string& where) {
  keep(measures, {what, error, tolerance});
  holds(error < tolerance,
        cat(what, where.empty() ? "" : ", " + where, ": off by ", error, ", tolerance ", tolerance));
}

void CaseReport::holds(bool fact, const std::string& otherwise) {
  if (!fact) failures.push_back(otherwise);
}

void CaseReport::absorb(const CaseReport& other, const std::string& name) {
  for (const Measure& measure : other.measures) keep(measures, measure);
  for (const std::string& failure : other.failures) failures.push_back(cat(name, ": ", failure));
}

}  // namespace mosaic::checks
