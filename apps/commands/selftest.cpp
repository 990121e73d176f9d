// mosaic selftest: every operation and its gradient, checked on this machine: the CPU against differences, a
// GPU against the CPU.
#include <set>

#include "apps/commands/commands.h"
#include "apps/common/op_checks.h"
#include "apps/common/progress.h"

namespace mosaic::apps {
namespace {

struct SelftestCommand {
  std::string op;
  double tolerance = 1e-6;
};

void run(const SelftestCommand& command, Program& program) {
  const Device device = compute_device();
  if (device != cpu()) say(device, " is ", describe(device));
  const std::vector<OpCheck> all = op_checks();
  std::set<std::string> names;
  for (const OpCheck& entry : all) names.insert(entry.op);
  if (!command.op.empty() && !names.contains(command.op)) {
    const std::string near = nearest(command.op, {names.begin(), names.end()});
    throw UsageError("--op", cat("there is no check of \"", command.op, "\"",
                                 near.empty() ? "" : "; did you mean " + near + "?"));
  }
  const char* of_what = device == cpu() ? "of a gradient" : "beside the CPU";
  int64_t cases = 0, failed = 0, skipped = 0;
  double worst = 0;
  std::set<std::string> ops;
  {
    Progress progress("selftest", static_cast<int64_t>(all.size()));
    for (const OpCheck& entry : all) {
      if (!command.op.empty() && entry.op != command.op) {
        ++skipped;
        continue;
      }
      const OpCheckResult result =
          device == cpu() ? run_check(entry, command.tolerance) : run_check_on(device, entry);
      ++cases;
      ops.insert(entry.op);
      worst = std::max(worst, result.worst);
      detail(entry.op, ": worst relative error ", of_what, " ", brief(result.worst));
      if (!result.failure.empty()) {
        ++failed;
        error_line(cat(entry.op, ": ", result.failure, " (mosaic selftest --device ", device, " --op ",
                       entry.op, " -v repeats it)"));
      }
      progress.update(cases + skipped);
    }
  }
  say(ops.size(), " operations, ", cases, " cases, ", failed, " failed, ", skipped,
      " skipped; worst relative error ", of_what, " ", brief(worst));
  if (program.json)
    put_json({{"device", cat(device)},
              {"ops", ops.size()},
              {"cases", cases},
              {"failed", failed},
              {"skipped", skipped},
              {"worst", worst}});
  program.exit_code = failed == 0 ? 0 : 1;
}

}  // namespace

void declare_selftest(CLI::App& app, Program& program) {
  auto command = std::make_shared<SelftestCommand>();
  text_option(app, "--op", command->op, "Only this operation");
  number_option(app, "--tolerance", command->tolerance, 1e-15, 1, "Largest relative error of a gradient");
  threads_option(app);
  device_option(app);
  json_flag(app, program);
  examples(app, {"mosaic selftest", "mosaic selftest --device cuda", "mosaic selftest --op attention -v"});
  on_chosen(app, program, [command, &program] { run(*command, program); });
}

}  // namespace mosaic::apps
