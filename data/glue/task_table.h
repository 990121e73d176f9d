// The table behind glue_tasks().
#pragma once

#include <vector>

#include "data/glue/tasks.h"

namespace mosaic::data {

std::vector<GlueTask> make_glue_tasks();

}  // namespace mosaic::data
