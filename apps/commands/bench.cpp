// mosaic bench: what this machine gives, and how much of it products, ops, updates and evaluations use.
#include "apps/commands/bench.h"

#include "apps/commands/commands.h"

namespace mosaic::apps {

void declare_bench(CLI::App& app, Program& program) {
  need_sub_command(app);
  declare_bench_roof(app, program);
  declare_bench_gemm(app, program);
  declare_bench_ops(app, program);
  declare_bench_step(app, program);
  declare_bench_overhead(app, program);
  declare_bench_scaling(app, program);
  declare_bench_evaluate(app, program);
  declare_bench_translate(app, program);
}

}  // namespace mosaic::apps
