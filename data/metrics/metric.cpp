#include "data/metrics/metric.h"

#include <algorithm>
#include <charconv>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace mosaic::data {

std::string fixed(double value, int digits) {
  char text[400];  // the largest double has 309 digits before the point
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr;
  return {text, end};
}

std::vector<double> SegmentCounts::sums() const {
  std::vector<double> out(width, 0.0);
  for (int64_t i = 0; i < segments(); ++i) {
    for (size_t k = 0; k < width; ++k) out[k] += row(i)[k];
  }
  return out;
}

void count_segments(const Metric& metric, const std::vector<std::string>& hypotheses,
                    const std::vector<std::vector<std::string>>& references, SegmentCounts& counts,
                    bool empty_is_missing) {
  check(!references.empty(), metric.name().c_str(), "no reference was given");
  for (size_t r = 0; r < references.size(); ++r) {
    check(references[r].size() == hypotheses.size(), metric.name().c_str(), "reference ", r + 1, " has ",
          references[r].size(), " lines, but there are ", hypotheses.size(), " hypotheses");
  }
  if (counts.width == 0) counts.width = metric.width();
  check(counts.width == metric.width(), metric.name().c_str(), "cannot append segments of ", metric.width(),
        " numbers to segments of ", counts.width);
  const auto before = static_cast<size_t>(counts.segments());
  counts.values.resize((before + hypotheses.size()) * counts.width);
  std::vector<int64_t> present(hypotheses.size());
  parallel_for(static_cast<int64_t>(hypotheses.size()), 64, [&](int64_t begin, int64_t end) {
    std::vector<std::string> own;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      own.clear();
      for (const auto& reference : references) {
        if (!empty_is_missing || !reference[i].empty()) own.push_back(reference[i]);
      }
      check(!own.empty(), metric.name().c_str(), "segment ", before + i + 1, " has no reference");
      present[i] = static_cast<int64_t>(own.size());
      metric.count(hypotheses[i], own, counts.values.data() + (before + i) * counts.width);
    }
  });
  for (const int64_t n : present) {
    counts.fewest_references = counts.fewest_references ? std::min(counts.fewest_references, n) : n;
    counts.most_references = std::max(counts.most_references, n);
  }
}

std::string signature(const Metric& metric, int64_t fewest_references, int64_t most_references,
                      const std::vector<SignatureField>& resampling, bool shortened) {
  const bool varying = fewest_references != most_references;
  std::vector<SignatureField> fields{{"nrefs", "#", varying ? "var" : std::to_string(most_references)}};
  fields.insert(fields.end(), resampling.begin(), resampling.end());
  for (SignatureField& field : metric.options_signature()) fields.push_back(std::move(field));
  fields.push_back({"version", "v", "mosaic-" MOSAIC_VERSION});
  std::string out;
  for (const SignatureField& field : fields)
    out += cat(out.empty() ? "" : "|", shortened ? field.brief : field.name, ":", field.value);
  return out;
}

}  // namespace mosaic::data
