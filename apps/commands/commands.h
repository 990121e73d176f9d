// The commands of the program, one file each.
#pragma once

#include <vector>

#include "apps/common/cli.h"

namespace mosaic::apps {

void declare_analyze(CLI::App& app, Program& program);
void declare_bench(CLI::App& app, Program& program);
void declare_data(CLI::App& app, Program& program);
void declare_evaluate(CLI::App& app, Program& program);
void declare_extract(CLI::App& app, Program& program);
void declare_finetune(CLI::App& app, Program& program);
void declare_inspect(CLI::App& app, Program& program);
void declare_latency(CLI::App& app, Program& program);
void declare_quickstart(CLI::App& app, Program& program);
void declare_report(CLI::App& app, Program& program);
void declare_score(CLI::App& app, Program& program);
void declare_search(CLI::App& app, Program& program);
void declare_selftest(CLI::App& app, Program& program);
void declare_space(CLI::App& app, Program& program);
void declare_train(CLI::App& app, Program& program);
void declare_translate(CLI::App& app, Program& program);

}  // namespace mosaic::apps
