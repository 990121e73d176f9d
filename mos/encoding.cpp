#include "mos/encoding.h"

#include "engine/core/error.h"

namespace mosaic::mos {

namespace {

const std::vector<double>& values_of(const Space& space, const Arch& arch, const Choice& choice) {
  return arch.entries()[static_cast<size_t>(&choice - space.choices().data())].values;
}

double mean_code(const Choice& choice, const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += choice.code(v);
  return sum / static_cast<double>(values.size());
}

// One value a layer, zeros for inactive layers.
void append_layers(std::vector<double>& out, const Choice& choice, const std::vector<double>& values,
                   double scale) {
  for (const double v : values) out.push_back(choice.code(v) / scale);
  out.resize(out.size() + static_cast<size_t>(choice.repeat) - values.size(), 0.0);
}

void append_feature(std::vector<double>& out, const Space& space, const Arch& arch, const Feature& feature) {
  const Choice& of = space.choice(feature.of);
  const std::vector<double>& values = values_of(space, arch, of);
  if (feature.each) return append_layers(out, of, values, feature.scale);
  double value = mean_code(of, values);
  if (!feature.times.empty()) {
    const Choice& times = space.choice(feature.times);
    value *= times.code(values_of(space, arch, times)[0]);
  }
  out.push_back(value / feature.scale);
}

}  // namespace

int64_t encoding_size(const Space& space, Encoding encoding) {
  if (encoding == Encoding::fine) return space.gene_count();
  if (space.features().empty()) return static_cast<int64_t>(space.choices().size());
  int64_t size = 0;
  for (const Feature& f : space.features()) size += f.each ? space.choice(f.of).repeat : 1;
  return size;
}

std::vector<double> encode(const Space& space, const Arch& arch, Encoding encoding) {
  if (const auto reason = space.why_not(arch))
    throw ArgumentError("encode", "the architecture is not of space \"" + space.name() + "\": " + *reason);
  std::vector<double> out;
  if (encoding == Encoding::coarse && !space.features().empty()) {
    for (const Feature& f : space.features()) append_feature(out, space, arch, f);
    return out;
  }
  for (const Choice& c : space.choices()) {
    const std::vector<double>& values = values_of(space, arch, c);
    if (encoding == Encoding::coarse) {
      out.push_back(mean_code(c, values) / c.scale);
    } else {
      append_layers(out, c, values, c.fine_scale);
    }
  }
  return out;
}

const char* encoding_name(Encoding encoding) {
  return encoding == Encoding::coarse ? "coarse" : "fine";
}

Encoding encoding_named(const std::string& name) {
  check(name == "coarse" || name == "fine", "encoding", "\"", name, "\" is not one of coarse, fine");
  return name == "coarse" ? Encoding::coarse : Encoding::fine;
}

}  // namespace mosaic::mos
