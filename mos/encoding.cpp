#include "mos/encoding.h"

#include "engine/core/error.h"

namespace mosaic::mos {

int64_t encoding_size(const Space& space, Encoding encoding) {
  return encoding == Encoding::coarse ? static_cast<int64_t>(space.choices().size()) : space.gene_count();
}

std::vector<double> encode(const Space& space, const Arch& arch, Encoding encoding) {
  if (const auto reason = space.why_not(arch))
    throw ArgumentError("encode", "the architecture is not of space \"" + space.name() + "\": " + *reason);
  std::vector<double> out;
  for (size_t i = 0; i < space.choices().size(); ++i) {
    const Choice& c = space.choices()[i];
    const std::vector<double>& values = arch.entries()[i].values;
    if (encoding == Encoding::coarse) {
      double sum = 0;
      for (const double v : values) sum += c.code(v);
      out.push_back(sum / static_cast<double>(values.size()) / c.scale);
    } else {
      for (const double v : values) out.push_back(c.code(v) / c.fine_scale);
      out.resize(out.size() + static_cast<size_t>(c.repeat) - values.size(), 0.0);
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
