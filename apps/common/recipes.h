// The recipes of apps/configs, built into the program so that it runs from any directory.
#pragma once

#include <span>

namespace mosaic::apps {

struct BuiltinRecipe {
  const char* name;
  const char* text;
};
// Defined in a source file that the build writes from the JSON files.
std::span<const BuiltinRecipe> builtin_recipes();

}  // namespace mosaic::apps
