// mosaic score glue.
#pragma once

#include "apps/common/cli.h"

namespace mosaic::apps {

// Adds the sub-command "glue" to `parent` ("mosaic score").
void declare_score_glue(CLI::App& parent, Program& program);

}  // namespace mosaic::apps
