// Configurations: a recipe, a file and --set laid over one another; every key known, every value ranged.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/json.h"

namespace mosaic::apps {

// The recipes built into the program ("nano", "tiny", "quickstart", "multi30k-tiny", ...).
std::vector<std::string> recipe_names();
// UsageError with the nearest name when there is none of this name.
json recipe(const std::string& name);

// `over` laid over `base`: objects key by key, anything else replaces. FormatError, with a suggestion and
// naming `origin`, for a key that `base` does not have. "space" and "arch" are replaced whole.
void lay_over(json& base, const json& over, const std::string& origin);

// "training.updates=100": the dotted key and its value, JSON where it parses as such and text otherwise.
// UsageError without "=" or with an empty key.
json parse_assignment(const std::string& text);

// What a command line says about a configuration.
struct ConfigSources {
  std::string recipe;                    // a built-in recipe's name
  std::filesystem::path file;            // --config, empty when not given; "recipe" in it names its base
  std::vector<std::string> assignments;  // --set, in order
};
// The defaults with the recipe, the file and the assignments laid over them in this order.
json resolve_config(const json& defaults, const ConfigSources& sources);

// Dotted names of the leaves in which two configurations differ, with both values: "training.lr: 1 -> 2".
std::vector<std::string> differences(const json& before, const json& after);

}  // namespace mosaic::apps
