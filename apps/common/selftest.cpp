#include "apps/common/selftest.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "apps/checks/device_checks.h"
#include "apps/common/output.h"
#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "apps/common/version.h"
#include "engine/core/gpu_facts.h"

namespace mosaic::apps {
namespace {

using checks::CaseReport;
using checks::Level;
using checks::OpCase;

json measures_json(const CaseReport& report) {
  json list = json::array();
  for (const checks::Measure& m : report.measures)
    list.push_back({{"what", m.what}, {"error", m.error}, {"tolerance", m.tolerance}});
  return list;
}

struct OpResult {
  int64_t cases = 0, failed = 0;
  CaseReport report;
};

void refuse_unknown(const std::string& op) {
  std::set<std::string> names;
  for (const OpCase& c : checks::op_cases()) names.insert(checks::op_of(c));
  if (op.empty() || names.contains(op)) return;
  const std::string near = nearest(op, {names.begin(), names.end()});
  throw UsageError(
      "--op", cat("there is no check of \"", op, "\"", near.empty() ? "" : "; did you mean " + near + "?"));
}

// By op, in the order of the table.
std::vector<std::pair<std::string, OpResult>> check_ops(const SelftestSettings& s) {
  const Level level = s.full ? Level::full : Level::quick;
  const std::vector<const OpCase*> cases = checks::cases_of(level, s.op);
  std::vector<std::pair<std::string, OpResult>> results;
  std::map<std::string, size_t> places;
  Progress progress("selftest", static_cast<int64_t>(cases.size()));
  for (size_t i = 0; i < cases.size(); ++i) {
    const OpCase& c = *cases[i];
    const std::string op = checks::op_of(c);
    if (places.try_emplace(op, results.size()).second) results.push_back({op, {}});
    const CaseReport report = s.device == cpu() ? checks::check_on_cpu(c, level, s.tolerance)
                                                : checks::check_on_device(c, s.device, level);
    OpResult& result = results[places[op]].second;
    ++result.cases;
    result.failed += report.failures.empty() ? 0 : 1;
    result.report.absorb(report, c.name);
    for (const checks::Measure& m : report.measures)
      detail(c.name, ": ", m.what, " off by ", brief(m.error), ", tolerance ", brief(m.tolerance));
    for (const std::string& failure : report.failures)
      error_line(cat(c.name, ": ", failure, " (mosaic selftest --level full --device ", s.device, " --op ",
                     op, " -v repeats it)"));
    progress.update(static_cast<int64_t>(i) + 1);
  }
  return results;
}

json gpu_json(Device device) {
  const GpuFacts facts = gpu_facts(device);
  const auto version = [](int cuda) { return cat(cuda / 1000, '.', cuda % 1000 / 10); };
  return {{"name", facts.name},
          {"compute_capability", cat(facts.major, '.', facts.minor)},
          {"memory_bytes", facts.memory},
          {"driver", version(facts.driver)},
          {"runtime", version(facts.runtime)},
          {"code", facts.code},
          {"simulated", facts.simulated}};
}

// One of the checks that are of no op.
json section(json& all, const char* name, const CaseReport& report) {
  for (const std::string& failure : report.failures) {
    error_line(failure);
    all["failures"].push_back(failure);
  }
  if (!report.failures.empty()) all["failed"] = all["failed"].get<int64_t>() + 1;
  return all[name] = {{"failed", report.failures.size()}, {"measures", measures_json(report)}};
}

json timings_json(const SelftestSettings& s) {
  if (!s.full) return "not timed: --level full times";
  if (s.device != cpu() && gpu_facts(s.device).simulated) return "not timed: the device is simulated";
  json list = json::array();
  for (const checks::Timing& t : checks::time_ops(s.device)) {
    json entry = {{"op", t.op}, {"milliseconds", t.milliseconds}};
    if (t.teraflops > 0) {
      entry["teraflops"] = t.teraflops;
    } else {
      entry["gigabytes_per_second"] = t.gigabytes;
      entry["share_of_copy"] = t.share_of_copy;
    }
    list.push_back(entry);
  }
  return list;
}

// What is checked beside the ops.
void check_the_rest(const SelftestSettings& s, json& all) {
  const Level level = s.full ? Level::full : Level::quick;
  say("matrix products, memory, training");
  section(all, "products", checks::check_products(s.device, level));
  all["products"]["cases"] = checks::product_count(level);
  section(all, "memory", checks::check_memory(s.device, level));
  section(all, "training", checks::check_training(s.device, level));
  all["timings"] = timings_json(s);
}

}  // namespace

json run_selftest(const SelftestSettings& s) {
  refuse_unknown(s.op);
  const auto begin = std::chrono::steady_clock::now();
  json all = {{"device", cat(s.device)}, {"level", s.full ? "full" : "quick"}};
  if (s.device != cpu()) all["gpu"] = gpu_json(s.device);
  const auto results = check_ops(s);
  const char* key = s.device == cpu() ? "gradient, f64" : "f32";
  int64_t cases = 0, failed = 0;
  double worst = 0;
  json list = json::array(), failures = json::array();
  for (const auto& [op, result] : results) {
    cases += result.cases, failed += result.failed;
    for (const checks::Measure& m : result.report.measures)
      if (m.what == key && !(m.error <= worst)) worst = m.error;
    for (const std::string& failure : result.report.failures) failures.push_back(failure);
    list.push_back({{"op", op},
                    {"cases", result.cases},
                    {"failed", result.failed},
                    {"measures", measures_json(result.report)}});
  }
  all.update({{"ops", results.size()},
              {"cases", cases},
              {"failed", failed},
              {"skipped", static_cast<int64_t>(checks::op_cases().size()) - cases},
              {"worst", worst},
              {"results", list},
              {"failures", failures}});
  if (s.op.empty()) check_the_rest(s, all);
  all.update({{"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()},
              {"version", version_text()},
              {"compiler", compiler_text()},
              {"isa", isa_text()}});
  return all;
}

namespace {

std::string row(const std::string& name, int64_t cases, const json& measures, int64_t failed) {
  std::string line = name + std::string(name.size() < 34 ? 34 - name.size() : 1, ' ') + cat(cases);
  line += std::string(line.size() < 40 ? 40 - line.size() : 1, ' ');
  line += failed > 0 ? cat(failed, " FAILED") : "ok";
  for (const json& m : measures)
    line += cat("  ", m["what"].get<std::string>(), ' ', brief(m["error"].get<double>()), " of ",
                brief(m["tolerance"].get<double>()));
  return line + "\n";
}

std::string timing_rows(const json& timings) {
  if (timings.is_string()) return timings.get<std::string>() + "\n";
  std::string text;
  for (const json& t : timings) {
    const auto op = t["op"].get<std::string>();
    text += op + std::string(op.size() < 34 ? 34 - op.size() : 1, ' ') +
            fixed(t["milliseconds"].get<double>(), 3) + " ms  ";
    text += t.contains("teraflops")
                ? fixed(t["teraflops"].get<double>(), 2) + " TFLOP/s\n"
                : cat(fixed(t["gigabytes_per_second"].get<double>(), 1), " GB/s, ",
                      fixed(100 * t["share_of_copy"].get<double>(), 0), " % of a copy's\n");
  }
  return text;
}

}  // namespace

std::string selftest_text(const json& all) {
  std::string text = "op                                cases  worst error of each kind, and its tolerance\n";
  for (const json& r : all["results"])
    text +=
        row(r["op"].get<std::string>(), r["cases"].get<int64_t>(), r["measures"], r["failed"].get<int64_t>());
  if (!all.contains("products")) return text;
  text += row("matrix products against loops", all["products"]["cases"].get<int64_t>(),
              all["products"]["measures"], all["products"]["failed"].get<int64_t>());
  for (const auto& [key, title] :
       {std::pair{"memory", "memory under stress"}, {"training", "updates of a supernet"}})
    text += row(title, 1, all[key]["measures"], all[key]["failed"].get<int64_t>());
  return text + timing_rows(all["timings"]);
}

}  // namespace mosaic::apps
