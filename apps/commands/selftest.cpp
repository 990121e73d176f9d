// mosaic selftest: every operation and its gradient, checked on this machine: the CPU against differences and
// definitions, a GPU against the CPU; products, memory and training beside them.
#include "apps/common/selftest.h"
#include "apps/commands/commands.h"
#include "engine/core/gpu_facts.h"

namespace mosaic::apps {
namespace {

struct SelftestCommand {
  std::string op, level = "quick";
  double tolerance = 1e-6;
};

void run(const SelftestCommand& command, Program& program) {
  const Device device = compute_device();
  if (device != cpu()) {
    const GpuFacts facts = gpu_facts(device);
    say(device, " is ", describe(device), "; driver for CUDA ", facts.driver / 1000, '.',
        facts.driver % 1000 / 10, ", kernels: ", facts.code);
  }
  const json all = run_selftest(
      {.device = device, .full = command.level == "full", .op = command.op, .tolerance = command.tolerance});
  if (!program.json) put(selftest_text(all));
  say(all["ops"].get<int64_t>(), " operations, ", all["cases"].get<int64_t>(), " cases, ",
      all["failed"].get<int64_t>(), " failed, ", all["skipped"].get<int64_t>(),
      " skipped; worst relative error ", device == cpu() ? "of a gradient " : "beside the CPU ",
      brief(all["worst"].get<double>()), "; ", duration_text(all["seconds"].get<double>()));
  if (program.json) put_json(all);
  program.exit_code = all["failed"] == 0 ? 0 : 1;
}

}  // namespace

void declare_selftest(CLI::App& app, Program& program) {
  auto command = std::make_shared<SelftestCommand>();
  choice_option(app, "--level", command->level, {"quick", "full"},
                "Two cases an operation, or all with odd, strided and empty inputs and timings");
  text_option(app, "--op", command->op, "Only this operation");
  number_option(app, "--tolerance", command->tolerance, 1e-15, 1, "Largest relative error of a gradient");
  threads_option(app);
  device_option(app);
  json_flag(app, program);
  examples(app, {"mosaic selftest", "mosaic selftest --device cuda --level full --json",
                 "mosaic selftest --level full --op attention -v"});
  on_chosen(app, program, [command, &program] { run(*command, program); });
}

}  // namespace mosaic::apps
