// Spaces from JSON, checked so that everything behind them can trust the values.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "mos/bert_arch.h"
#include "mos/space.h"
#include "mos/spaces/builtin.h"
#include "mos/translation.h"

namespace mosaic::mos {

namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
constexpr int64_t kMaxLayers = 128;

void need(bool ok, const std::string& where, const std::string& message) {
  if (!ok) throw FormatError(where, message);
}

bool good_name(const std::string& name) {
  if (name.empty() || name.front() == '.' || name.back() == '.' ||
      std::count(name.begin(), name.end(), '.') > 1)
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

}  // namespace

// Builds a Space from its file; a class only because a Space has no public constructor.
class SpaceReader {
 public:
  SpaceReader(const json& value, const std::string& origin) : fields_(value, origin), origin_(origin) {}

  Space read() {
    fields_.one_of("format", {"mosaic-space"});
    fields_.integer("version", 1, 1);
    space_.name_ = fields_.text("name");
    space_.about_ = fields_.text_or("about", "");
    space_.model_ = fields_.one_of("model", {"seq2seq", "bert", "generic"});
    Fields fixed(fields_.object("fixed"), origin_ + ": fixed");
    for (const auto& [key, unused] : fields_.object("fixed").items())
      space_.fixed_.emplace_back(key, fixed.number(key, 1, 1e9));
    const json& choices = fields_.array("choices");
    need(!choices.empty(), origin_ + ": choices", "a space needs at least one choice");
    for (size_t i = 0; i < choices.size(); ++i) add_choice(choices[i], cat(origin_, ": choices[", i, "]"));
    for (size_t i = 0; i < choices.size(); ++i) link(i, cat(origin_, ": choices[", i, "]"));
    read_encoding();
    fields_.finish();
    for (const Choice& c : space_.choices_) space_.gene_count_ += c.repeat;
    space_.count();  // refuses a space too large to count
    if (space_.model_ == "seq2seq") check_translation_space(space_, origin_);
    if (space_.model_ == "bert") check_bert_space(space_, origin_);
    json identity = space_.to_json();
    identity.erase("about");
    space_.hash_ = hash_bytes(identity.dump());
    return std::move(space_);
  }

 private:
  void add_choice(const json& value, const std::string& where) {
    Fields f(value, where);
    Choice c;
    c.name = f.text("name");
    need(good_name(c.name), where,
         cat("name \"", c.name, "\" must be small letters, digits, _ and at most one dot"));
    need(!space_.has(c.name), where, cat("choice \"", c.name, "\" is listed twice"));
    c.values = f.numbers("values");
    need(!c.values.empty() && c.values.size() <= 256, where + ".values", "expected 1 to 256 values");
    need(std::set<double>(c.values.begin(), c.values.end()).size() == c.values.size(), where + ".values",
         "a value is repeated");
    if (f.has("per")) {
      c.list = true;
      const json& per = f.any("per");
      if (per.is_number_integer())
        c.repeat = f.integer("per", 1, kMaxLayers);
      else
        c.per = f.text("per");
    }
    c.drawn_last = f.text_or("drawn", "in turn") == "last";
    if (f.has("drawn")) f.one_of("drawn", {"last", "in turn"});
    c.super = f.number_or("super", c.largest());
    need(c.super >= c.largest(), where + ".super",
         cat(number_text(c.super), " is below the largest choice ", number_text(c.largest())));
    c.has_extreme = f.has("hat_extreme");
    c.extreme = f.number_or("hat_extreme", 0);
    need(!c.has_extreme || c.allows(c.extreme), where + ".hat_extreme", "is not one of the values");
    c.codes = f.has("encoded_as") ? f.numbers("encoded_as") : c.values;
    need(c.codes.size() == c.values.size(), where + ".encoded_as",
         cat(c.codes.size(), " numbers for ", c.values.size(), " values"));
    f.finish();
    space_.choices_.push_back(std::move(c));
  }

  void link(size_t index, const std::string& where) {
    Choice& c = space_.choices_[index];
    space_.depth_index_.push_back(kNone);
    if (c.per.empty()) return;
    for (size_t j = 0; j < space_.choices_.size(); ++j) {
      const Choice& depth = space_.choices_[j];
      if (depth.name != c.per) continue;
      need(!depth.list, where + ".per", cat("\"", c.per, "\" is itself a list"));
      for (const double v : depth.values)
        need(v >= 1 && v <= static_cast<double>(kMaxLayers) && std::floor(v) == v, where + ".per",
             cat("the depth \"", c.per, "\" has the value ", number_text(v), ", expected 1 to ", kMaxLayers));
      c.repeat = static_cast<int64_t>(depth.largest());
      space_.depth_index_.back() = j;
    }
    need(space_.depth_index_.back() != kNone, where + ".per", cat("there is no choice \"", c.per, "\""));
  }

  // One divisor a choice, in the order of the choices, for the means and for the single layers.
  void read_encoding() {
    const std::string where = origin_ + ": encoding";
    Fields f(fields_.object("encoding"), where);
    const auto normaliser = f.numbers("normaliser"), fine = f.numbers("fine_normaliser");
    for (const auto* list : {&normaliser, &fine}) {
      need(list->size() == space_.choices_.size(), where,
           cat(list->size(), " normalisers for ", space_.choices_.size(), " choices"));
      for (const double v : *list) need(v > 0, where, cat("normaliser ", number_text(v), " is not positive"));
    }
    if (f.has("features")) {
      const json& features = f.array("features");
      for (size_t i = 0; i < features.size(); ++i) add_feature(features[i], cat(where, ".features[", i, "]"));
    }
    f.finish();
    for (size_t i = 0; i < normaliser.size(); ++i) {
      space_.choices_[i].scale = normaliser[i];
      space_.choices_[i].fine_scale = fine[i];
    }
  }

  void add_feature(const json& value, const std::string& where) {
    Fields f(value, where);
    Feature feature{.of = f.text("of"),
                    .times = f.text_or("times", ""),
                    .each = f.boolean_or("each", false),
                    .scale = f.number("scale", 1e-9, 1e9)};
    f.finish();
    const bool product = !feature.times.empty();
    for (const std::string& name : {feature.of, product ? feature.times : feature.of}) {
      need(space_.has(name), where, cat("there is no choice \"", name, "\""));
      need(!product || !space_.choice(name).list, where, cat("\"", name, "\" is a list, so has no product"));
    }
    space_.features_.push_back(std::move(feature));
  }

  Fields fields_;
  std::string origin_;
  Space space_;
};

Space Space::from_json(const json& value, const std::string& origin) {
  return SpaceReader(value, origin).read();
}

json Space::to_json() const {
  const auto list = [](const std::vector<double>& values) {
    json out = json::array();
    for (const double v : values) out.push_back(number_json(v));
    return out;
  };
  json fixed = json::object(), choices = json::array(), scale = json::array(), fine = json::array();
  for (const auto& [key, value] : fixed_) fixed[key] = number_json(value);
  for (const Choice& c : choices_) {
    json one = {{"name", c.name}, {"values", list(c.values)}};
    if (c.list) one["per"] = c.per.empty() ? json(c.repeat) : json(c.per);
    if (c.drawn_last) one["drawn"] = "last";
    if (c.super != c.largest()) one["super"] = number_json(c.super);
    if (c.has_extreme) one["hat_extreme"] = number_json(c.extreme);
    if (c.codes != c.values) one["encoded_as"] = list(c.codes);
    choices.push_back(std::move(one));
    scale.push_back(number_json(c.scale));
    fine.push_back(number_json(c.fine_scale));
  }
  json encoding = {{"normaliser", scale}, {"fine_normaliser", fine}};
  for (const Feature& feature : features_) {
    json one = {{"of", feature.of}};
    if (!feature.times.empty()) one["times"] = feature.times;
    if (feature.each) one["each"] = true;
    one["scale"] = number_json(feature.scale);
    encoding["features"].push_back(std::move(one));
  }
  return {{"format", "mosaic-space"}, {"version", 1},   {"name", name_},      {"about", about_},
          {"model", model_},          {"fixed", fixed}, {"choices", choices}, {"encoding", encoding}};
}

std::vector<std::string> space_names() {
  std::vector<std::string> names;
  for (const BuiltinSpace& s : builtin_spaces()) names.emplace_back(s.name);
  return names;
}

Space space_named(const std::string& name_or_path) {
  for (const BuiltinSpace& s : builtin_spaces())
    if (s.name == name_or_path)
      return Space::from_json(parse_json(s.json, cat("space ", s.name)), cat("space ", s.name));
  const std::filesystem::path path(name_or_path);
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) || path.extension() == ".json")
    return Space::from_json(load_json(path, 1u << 20), name_or_path);
  std::string known;
  for (const std::string& n : space_names()) known += (known.empty() ? "" : ", ") + n;
  const std::string near = nearest(name_or_path, space_names());
  throw ArgumentError("space", cat("no space \"", name_or_path, "\"",
                                   near.empty() ? "" : cat(", did you mean \"", near, "\"?"),
                                   " Known: ", known, "; or give the path of a JSON file"));
}

}  // namespace mosaic::mos
