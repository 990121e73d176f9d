// mosaic bench translate, a sub-command of its own file.
#pragma once

#include "apps/common/cli.h"

namespace mosaic::apps {

void declare_bench_translate(CLI::App& app, Program& program);

}  // namespace mosaic::apps
