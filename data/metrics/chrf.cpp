#include "data/metrics/chrf.h"

#include <algorithm>
#include <unordered_map>

#include "data/metrics/ngrams.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

bool is_ascii_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// Words with one punctuation mark taken off: the last character if it is one, else the first. "(hi)" gives
// "(hi", ")".
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (const std::string_view word : split_words(text)) {
    size_t first = 0;
    next_code_point(word, first);
    if (first == word.size()) {
      out.push_back(word);  // a single character
    } else if (is_ascii_punctuation(word.back())) {
      out.insert(out.end(), {word.substr(0, word.size() - 1), word.substr(word.size() - 1)});
    } else if (is_ascii_punctuation(word.front())) {
      out.insert(out.end(), {word.substr(0, 1), word.substr(1)});
    } else {
      out.push_back(word);
    }
  }
  return out;
}

// {hypothesis, reference, common} of orders 1..orders into out, {orders, 3}.
void count_orders(const std::vector<std::vector<uint32_t>>& pair, int orders, double* out) {
  NgramCounts counts(pair);
  for (int n = 0; n < orders; ++n) {
    counts.advance();
    int64_t common = 0;
    for (size_t g = 0; g < counts.distinct(); ++g) common += std::min(counts.of(g)[0], counts.of(g)[1]);
    out[3 * n] = static_cast<double>(counts.total(1) > 0 ? counts.total(0) : 0);
    out[3 * n + 1] = static_cast<double>(counts.total(1));
    out[3 * n + 2] = static_cast<double>(common);
  }
}

// F score of summed counts, in T's arithmetic.
template <class T>
T f_score(const T* sums, const ChrfOptions& options) {
  const T eps = static_cast<T>(1e-16);
  const T factor = static_cast<T>(options.beta * options.beta);
  const int orders = options.char_order + options.word_order;
  T mean_score = 0, precision = 0, recall = 0;
  int effective = 0;
  for (int n = 0; n < orders; ++n) {
    const T hypothesis = sums[3 * n], reference = sums[3 * n + 1], common = sums[3 * n + 2];
    const T p = hypothesis > 0 ? common / hypothesis : eps;
    const T r = reference > 0 ? common / reference : eps;
    const T denominator = factor * p + r;
    mean_score += denominator > 0 ? (1 + factor) * p * r / denominator : eps;
    if (hypothesis > 0 && reference > 0) {
      precision += p;
      recall += r;
      ++effective;
    }
  }
  if (options.eps_smoothing) return 100 * mean_score / static_cast<T>(orders);
  if (effective > 0) {
    precision /= static_cast<T>(effective);
    recall /= static_cast<T>(effective);
  }
  if (!(precision + recall > 0)) return 0;
  const T numerator = (1 + factor) * precision * recall;
  return 100 * (numerator / (factor * precision + recall));
}

}  // namespace

Chrf::Chrf(ChrfOptions options) : options_(options) {
  check(options.char_order >= 1 && options.char_order <= 24, "chrF",
        "the character n-gram order must lie in 1..24, got ", options.char_order);
  check(options.word_order >= 0 && options.word_order <= 24, "chrF",
        "the word n-gram order must lie in 0..24, got ", options.word_order);
  check(options.beta >= 1 && options.beta <= 100, "chrF", "beta must lie in 1..100, got ", options.beta);
}

std::string Chrf::name() const {
  return cat("chrF", options_.beta, std::string(static_cast<size_t>(options_.word_order), '+'));
}

void Chrf::count(std::string_view hypothesis, const std::vector<std::string>& references, double* out) const {
  check(!references.empty(), name().c_str(), "a segment has no reference");
  std::unordered_map<std::string, uint32_t> vocabulary;
  const auto characters = [&](std::string_view text) {
    std::vector<uint32_t> all = code_points(text);
    if (!options_.whitespace) std::erase_if(all, is_space);
    return all;
  };
  const auto words = [&](std::string_view text) {
    std::vector<uint32_t> ids;
    for (const std::string_view word : words_of(text))
      ids.push_back(
          vocabulary.try_emplace(std::string(word), static_cast<uint32_t>(vocabulary.size())).first->second);
    return ids;
  };
  const auto prepared = [&](std::string_view text) {
    return options_.lowercase ? to_lower(text) : std::string(text);
  };

  const std::string ours = prepared(hypothesis);
  std::vector<std::vector<uint32_t>> character_pair{characters(ours), {}}, word_pair{{}, {}};
  if (options_.word_order > 0) word_pair[0] = words(ours);
  std::vector<double> counts(width());
  double best = -1;
  for (const std::string& reference : references) {
    const std::string theirs = prepared(reference);
    character_pair[1] = characters(theirs);
    count_orders(character_pair, options_.char_order, counts.data());
    if (options_.word_order > 0) {
      word_pair[1] = words(theirs);
      count_orders(word_pair, options_.word_order, counts.data() + 3 * options_.char_order);
    }
    const double score = f_score(counts.data(), options_);
    if (score > best) {
      best = score;
      std::copy(counts.begin(), counts.end(), out);
    }
  }
}

double Chrf::score_of(const double* sums) const {
  return f_score(sums, options_);
}

double Chrf::score_of(const float* sums) const {
  return static_cast<double>(f_score(sums, options_));
}

std::vector<SignatureField> Chrf::options_signature() const {
  return {{"case", "c", options_.lowercase ? "lc" : "mixed"},
          {"eff", "e", options_.eps_smoothing ? "no" : "yes"},
          {"nc", "nc", std::to_string(options_.char_order)},
          {"nw", "nw", std::to_string(options_.word_order)},
          {"space", "s", options_.whitespace ? "yes" : "no"}};
}

}  // namespace mosaic::data
