#include "apps/common/config.h"

#include <map>

#include "apps/common/recipes.h"
#include "apps/common/text.h"

namespace mosaic::apps {
namespace {

std::vector<std::string> keys(const json& object) {
  std::vector<std::string> names;
  for (const auto& item : object.items()) names.push_back(item.key());
  return names;
}

void lay_over_at(json& base, const json& over, const std::string& origin, const std::string& path) {
  for (const auto& item : over.items()) {
    const std::string full = path.empty() ? item.key() : path + "." + item.key();
    const auto place = base.find(item.key());
    if (place == base.end()) {
      const std::string near = nearest(item.key(), keys(base));
      throw FormatError(origin, cat("unknown key \"", full, "\"",
                                    near.empty() ? "; known here: " + join(keys(base), ", ")
                                                 : "; did you mean \"" + near + "\"?"));
    }
    // A space or an architecture is one value, whether named or written out.
    const bool whole = item.key() == "space" || item.key() == "arch";
    if (whole)
      *place = item.value();
    else if (place->is_object() && item.value().is_object())
      lay_over_at(*place, item.value(), origin, full);
    else if (place->is_object() && !place->empty() && !item.value().is_null())
      throw FormatError(origin, cat("\"", full, "\" must be an object, got ", item.value().dump()));
    else
      *place = item.value();
  }
}

void list_leaves(const json& value, const std::string& path, std::map<std::string, std::string>& leaves) {
  if (!value.is_object()) {
    leaves[path] = value.dump();
    return;
  }
  for (const auto& item : value.items())
    list_leaves(item.value(), path.empty() ? item.key() : path + "." + item.key(), leaves);
}

}  // namespace

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const BuiltinRecipe& entry : builtin_recipes()) names.emplace_back(entry.name);
  return names;
}

json recipe(const std::string& name) {
  for (const BuiltinRecipe& entry : builtin_recipes())
    if (name == entry.name) return parse_json(entry.text, "recipe " + name);
  const std::string near = nearest(name, recipe_names());
  throw UsageError("--recipe", cat("there is no recipe \"", name, "\"",
                                   near.empty() ? "; there are " + join(recipe_names(), ", ")
                                                : "; did you mean " + near + "?"));
}

void lay_over(json& base, const json& over, const std::string& origin) {
  check<FormatError>(over.is_object(), origin.c_str(), "a configuration is an object {...}, got ",
                     over.type_name());
  // A configuration of another task has other keys: said at once, not key by key.
  if (const auto task = over.find("task"); task != over.end() && base.contains("task"))
    check<FormatError>(*task == base["task"], origin.c_str(), "is for ", task->dump(), ", the data is for ",
                       base["task"].dump());
  lay_over_at(base, over, origin, "");
}

json parse_assignment(const std::string& text) {
  const size_t at = text.find('=');
  if (at == std::string::npos || at == 0)
    throw UsageError("--set",
                     cat("\"", text, "\" is not of the form key=value, for example training.updates=100"));
  const std::string value = text.substr(at + 1);
  json parsed;
  try {
    parsed = parse_json(value, "--set");
  } catch (const FormatError&) {
    parsed = value;  // a word
  }
  std::vector<std::string> path = split(std::string_view(text).substr(0, at), '.');
  for (auto name = path.rbegin(); name != path.rend(); ++name) {
    if (name->empty()) throw UsageError("--set", cat("\"", text, "\" has an empty key"));
    json outer = json::object();
    outer[*name] = std::move(parsed);
    parsed = std::move(outer);
  }
  return parsed;
}

json resolve_config(const json& defaults, const ConfigSources& sources) {
  json config = defaults;
  json file;
  std::string base = sources.recipe;
  if (!sources.file.empty()) {
    file = load_json(sources.file);
    check<FormatError>(file.is_object(), sources.file.c_str(), "a configuration is an object {...}, got ",
                       file.type_name());
    if (const auto named = file.find("recipe"); named != file.end()) {
      check<FormatError>(named->is_string(), sources.file.c_str(), "\"recipe\" must be the name of a recipe");
      if (base.empty()) base = named->get<std::string>();
      file.erase("recipe");
    }
  }
  if (!base.empty()) lay_over(config, recipe(base), "recipe " + base);
  if (!file.is_null()) lay_over(config, file, sources.file.string());
  for (const std::string& assignment : sources.assignments)
    lay_over(config, parse_assignment(assignment), "--set");
  return config;
}

std::vector<std::string> differences(const json& before, const json& after) {
  std::map<std::string, std::string> old_leaves, new_leaves;
  list_leaves(before, "", old_leaves);
  list_leaves(after, "", new_leaves);
  std::vector<std::string> lines;
  for (const auto& [name, value] : new_leaves) {
    const auto was = old_leaves.find(name);
    if (was == old_leaves.end())
      lines.push_back(cat(name, ": new, ", value));
    else if (was->second != value)
      lines.push_back(cat(name, ": ", was->second, " -> ", value));
  }
  for (const auto& [name, value] : old_leaves)
    if (!new_leaves.contains(name)) lines.push_back(cat(name, ": ", value, " -> gone"));
  return lines;
}

}  // namespace mosaic::apps
