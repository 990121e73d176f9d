// Architectures from JSON: named choices or a list of genes, checked against the space.
#include <algorithm>
#include <cmath>
#include <deque>

#include "engine/core/error.h"
#include "mos/space.h"

namespace mosaic::mos {

namespace {

void need(bool ok, const std::string& where, const std::string& message) {
  if (!ok) throw FormatError(where, message);
}

double finite_number(const json& value, const std::string& where) {
  need(value.is_number(), where, cat("expected a number, found ", value.dump()));
  const double v = value.get<double>();
  need(std::isfinite(v), where, "the number is not finite");
  return v;
}

// A choice's value list of an architecture file, as numbers.
std::vector<double> arch_values(const Choice& choice, const json& value, const std::string& where) {
  std::vector<double> out;
  need(value.is_array() == choice.list, where,
       cat("expected ", choice.list ? "a list with one number a layer" : "one number", ", found ",
           value.is_array() ? "a list" : value.dump()));
  if (!choice.list) return {finite_number(value, where)};
  for (const json& v : value) out.push_back(finite_number(v, cat(where, "[", out.size(), "]")));
  return out;
}

}  // namespace

Arch Space::parse(const json& value, const std::string& where) const {
  std::vector<std::vector<double>> values;
  if (value.is_array()) {
    need(static_cast<int64_t>(value.size()) == gene_count_, where,
         cat("a list of ", value.size(), " genes, space \"", name_, "\" has ", gene_count_));
    size_t g = 0;
    for (const Choice& c : choices_) {
      values.emplace_back();
      for (int64_t l = 0; l < c.repeat; ++l, ++g)
        values.back().push_back(finite_number(value[g], cat(where, ": gene ", g, " (", c.name, ")")));
    }
  } else {
    Fields top(value, where);
    std::deque<std::pair<std::string, Fields>> groups;  // "encoder", "decoder", in order of appearance
    for (const Choice& c : choices_) {
      const size_t dot = c.name.find('.');
      Fields* fields = &top;
      if (dot != std::string::npos) {
        const std::string group = c.name.substr(0, dot);
        auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == group; });
        fields = at != groups.end()
                     ? &at->second
                     : &groups.emplace_back(group, Fields(top.object(group), where + ": " + group)).second;
      }
      const std::string key = dot == std::string::npos ? c.name : c.name.substr(dot + 1);
      values.push_back(arch_values(c, fields->any(key), where + ": " + c.name));
    }
    top.finish();
    for (const auto& [unused, fields] : groups) fields.finish();
  }
  std::vector<double> depths;
  for (size_t i = 0; i < choices_.size(); ++i) {
    const Choice& c = choices_[i];
    for (size_t l = 0; l < values[i].size(); ++l)
      if (!c.allows(values[i][l])) {
        std::string allowed;
        for (const double v : c.values) allowed += (allowed.empty() ? "" : ", ") + number_text(v);
        throw FormatError(where, cat(c.name, c.list ? cat("[", l, "]") : "", ": ", number_text(values[i][l]),
                                     " is not one of ", allowed, " (space \"", name_, "\")"));
      }
    depths.push_back(values[i].empty() ? 0 : values[i][0]);
  }
  for (size_t i = 0; i < choices_.size(); ++i) {
    const int64_t layers = active(choices_[i], depths), given = static_cast<int64_t>(values[i].size());
    if (given != layers && given != choices_[i].repeat)
      throw FormatError(where, cat(choices_[i].name, " has ", given, " values for ", layers, " layers"));
  }
  return build(values);
}

Arch load_arch(const Space& space, const std::filesystem::path& path) {
  return space.parse(load_json(path, 1u << 20), path.string());
}

}  // namespace mosaic::mos
