#include "mos/space.h"

#include <algorithm>

#include "engine/core/error.h"

namespace mosaic::mos {

namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

double draw(const Choice& choice, Generator& generator) {
  return choice.values[static_cast<size_t>(generator.below(choice.values.size()))];
}

std::string allowed_text(const Choice& choice) {
  std::string out;
  for (const double v : choice.values) out += (out.empty() ? "" : ", ") + number_text(v);
  return out;
}

}  // namespace

double Choice::smallest() const {
  return *std::min_element(values.begin(), values.end());
}
double Choice::largest() const {
  return *std::max_element(values.begin(), values.end());
}
bool Choice::allows(double value) const {
  return std::find(values.begin(), values.end(), value) != values.end();
}

double Choice::code(double value) const {
  const auto at = std::find(values.begin(), values.end(), value);
  check(at != values.end(), "space", name, " ", number_text(value), " is not one of ", allowed_text(*this));
  return codes[static_cast<size_t>(at - values.begin())];
}

const Choice& Space::choice(std::string_view name) const {
  for (const Choice& c : choices_)
    if (c.name == name) return c;
  throw ArgumentError("space", cat("space \"", name_, "\" has no choice \"", name, "\""));
}

bool Space::has(std::string_view name) const {
  return std::any_of(choices_.begin(), choices_.end(), [&](const Choice& c) { return c.name == name; });
}

double Space::fixed(std::string_view name) const {
  for (const auto& [key, value] : fixed_)
    if (key == name) return value;
  throw ArgumentError("space", cat("space \"", name_, "\" has no fixed size \"", name, "\""));
}

// How many layers of a choice are active; depths[i] is the value of choice i where that is a depth.
int64_t Space::active(const Choice& choice, const std::vector<double>& depths) const {
  const size_t depth = depth_index_[static_cast<size_t>(&choice - choices_.data())];
  return depth == kNone ? choice.repeat : static_cast<int64_t>(depths[depth]);
}

Arch Space::build(const std::vector<std::vector<double>>& values) const {
  std::vector<double> depths;
  for (const auto& v : values) depths.push_back(v.at(0));
  std::vector<Arch::Entry> entries;
  for (size_t i = 0; i < choices_.size(); ++i) {
    const int64_t layers = active(choices_[i], depths);
    entries.push_back({choices_[i].name, choices_[i].list, {values[i].begin(), values[i].begin() + layers}});
  }
  return Arch(std::move(entries));
}

std::optional<std::string> Space::why_not(const Arch& arch) const {
  if (arch.entries().size() != choices_.size())
    return cat("it has ", arch.entries().size(), " choices, space \"", name_, "\" has ", choices_.size());
  std::vector<double> depths;
  for (size_t i = 0; i < choices_.size(); ++i) {
    const Arch::Entry& e = arch.entries()[i];
    const Choice& c = choices_[i];
    if (e.name != c.name) return cat("choice ", i, " is ", e.name, ", expected ", c.name);
    if (e.list != c.list) return cat(c.name, c.list ? " must be a list" : " must be one value");
    if (e.values.empty()) return cat(c.name, " has no value");
    for (size_t l = 0; l < e.values.size(); ++l)
      if (!c.allows(e.values[l]))
        return cat(c.name, c.list ? cat("[", l, "]") : "", " is ", number_text(e.values[l]), ", not one of ",
                   allowed_text(c));
    depths.push_back(e.values[0]);
  }
  for (size_t i = 0; i < choices_.size(); ++i) {
    const int64_t need = active(choices_[i], depths),
                  given = static_cast<int64_t>(arch.entries()[i].values.size());
    if (need != given) return cat(choices_[i].name, " has ", given, " values for ", need, " layers");
  }
  return std::nullopt;
}

Arch Space::extreme(bool largest, Extremes extremes) const {
  std::vector<std::vector<double>> values;
  for (const Choice& c : choices_) {
    double v = largest ? c.largest() : c.smallest();
    if (extremes == Extremes::hat && c.has_extreme) v = c.extreme;
    values.emplace_back(static_cast<size_t>(c.repeat), v);
  }
  return build(values);
}

Arch Space::largest(Extremes extremes) const {
  return extreme(true, extremes);
}
Arch Space::smallest(Extremes extremes) const {
  return extreme(false, extremes);
}

Arch Space::sample(Generator& generator) const {
  std::vector<std::vector<double>> values;
  for (const Choice& c : choices_) values.emplace_back(static_cast<size_t>(c.repeat), c.values[0]);
  const auto is_depth = [&](size_t i) {
    return std::find(depth_index_.begin(), depth_index_.end(), i) != depth_index_.end();
  };
  for (const bool depths : {false, true})
    for (size_t i = 0; i < choices_.size(); ++i)
      if (!choices_[i].list && is_depth(i) == depths) values[i][0] = draw(choices_[i], generator);
  // Layer by layer: all choices that share a depth (or a fixed number of layers) advance together.
  std::vector<bool> done(choices_.size(), false);
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (!choices_[i].list || choices_[i].drawn_last || done[i]) continue;
    const size_t depth = depth_index_[i];
    const int64_t layers = depth == kNone ? choices_[i].repeat : static_cast<int64_t>(values[depth][0]);
    for (int64_t l = 0; l < layers; ++l)
      for (size_t j = i; j < choices_.size(); ++j) {
        const Choice& c = choices_[j];
        if (!c.list || c.drawn_last || depth_index_[j] != depth || c.repeat != choices_[i].repeat) continue;
        values[j][static_cast<size_t>(l)] = draw(c, generator);
        done[j] = true;
      }
  }
  for (size_t i = 0; i < choices_.size(); ++i)
    if (choices_[i].list && choices_[i].drawn_last)
      for (double& v : values[i]) v = draw(choices_[i], generator);
  return build(values);
}

}  // namespace mosaic::mos
