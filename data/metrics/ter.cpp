#include "data/metrics/ter.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "data/metrics/shifts.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

// Numbers words in the order they come; equal words of any text get the same number.
class WordNumbers {
 public:
  std::vector<uint32_t> of(const std::vector<std::string_view>& words) {
    std::vector<uint32_t> out;
    out.reserve(words.size());
    for (const std::string_view word : words)
      out.push_back(
          numbers_.try_emplace(std::string(word), static_cast<uint32_t>(numbers_.size())).first->second);
    return out;
  }

 private:
  std::unordered_map<std::string, uint32_t> numbers_;
};

// A reference as sacreBLEU takes it apart: normalised twice, the second time with single spaces. "Ann's, Bob"
// becomes "ann's , bob" and then "ann 's , bob"; a hypothesis stays at the former.
std::string prepare_reference(std::string_view text, const TerOptions& options) {
  std::string once = tokenize_tercom(text, options);
  if (!options.normalized) return once;  // the other steps change nothing when repeated
  std::string spaced;
  spaced.reserve(once.size());
  for (const std::string_view word : split_words(once)) spaced.append(spaced.empty() ? "" : " ").append(word);
  return tokenize_tercom(spaced, options);
}

// In T's arithmetic.
template <class T>
T rate(const T* sums) {
  const T edits = sums[0], length = sums[1];
  if (length > 0) return 100 * (edits / length);
  return edits > 0 ? T{100} : T{0};
}

}  // namespace

void Ter::count(std::string_view hypothesis, const std::vector<std::string>& references, double* out) const {
  check(!references.empty(), "TER", "a segment has no reference");
  WordNumbers numbers;
  ShiftSearch search;
  const std::string text = tokenize_tercom(hypothesis, options_);
  const std::vector<uint32_t> ours = numbers.of(split_words(text));
  int64_t fewest = std::numeric_limits<int64_t>::max();
  size_t length = 0;
  for (const std::string& reference : references) {
    const std::string prepared = prepare_reference(reference, options_);
    const std::vector<uint32_t> theirs = numbers.of(split_words(prepared));
    fewest = std::min(fewest, search.edits(ours, theirs));
    length += theirs.size();
  }
  out[0] = static_cast<double>(fewest);
  out[1] = static_cast<double>(length) / static_cast<double>(references.size());
}

double Ter::score_of(const double* sums) const {
  return rate(sums);
}

double Ter::score_of(const float* sums) const {
  return static_cast<double>(rate(sums));
}

std::vector<SignatureField> Ter::options_signature() const {
  const auto yes = [](bool value) { return value ? "yes" : "no"; };
  return {{"case", "c", options_.case_sensitive ? "mixed" : "lc"},
          {"tok", "t", "tercom"},
          {"norm", "nr", yes(options_.normalized)},
          {"punct", "pn", yes(!options_.no_punctuation)},
          {"asian", "as", yes(options_.asian_support)}};
}

}  // namespace mosaic::data
