#include "data/metrics/bleu.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "data/metrics/ngrams.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

constexpr std::array<std::pair<BleuSmoothing, const char*>, 4> smoothings{{{BleuSmoothing::exp, "exp"},
                                                                           {BleuSmoothing::floor, "floor"},
                                                                           {BleuSmoothing::add_k, "add-k"},
                                                                           {BleuSmoothing::none, "none"}}};

std::string joined(const std::vector<double>& values) {
  std::string out;
  for (const double value : values) out += cat(out.empty() ? "" : "/", fixed(value, 1));
  return out;
}

// An order without a match: log 0 stands for a number so small that the score is 0.
double safe_log(double value) {
  return value == 0 ? -9999999999.0 : std::log(value);
}

// White space of Perl's split on bytes.
std::vector<std::string_view> split_ascii(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view spaces = " \t\n\r\f\v";
  for (size_t start = text.find_first_not_of(spaces); start != text.npos;) {
    const size_t end = std::min(text.find_first_of(spaces, start), text.size());
    words.push_back(text.substr(start, end - start));
    start = text.find_first_not_of(spaces, end);
  }
  return words;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// Matches and totals of every order: an n-gram matches as often as it occurs in the hypothesis (the first
// text), at most as often as in the reference that has it most.
void count_matches(const std::vector<std::vector<uint32_t>>& texts, BleuStatistics& out) {
  NgramCounts counts(texts);
  for (size_t n = 0; n < out.correct.size(); ++n) {
    counts.advance();
    out.total[n] = counts.total(0);
    if (out.total[n] == 0) break;  // longer ones are not there either
    for (size_t g = 0; g < counts.distinct(); ++g) {
      const uint32_t* in = counts.of(g);
      if (in[0] > 0) out.correct[n] += std::min(in[0], *std::max_element(in + 1, in + texts.size()));
    }
  }
}

// BLEU of summed counts in T's arithmetic; smoothing changes counts and totals. `precisions` is {orders},
// zeros.
template <class T>
double bleu_of(std::vector<T>& correct, std::vector<T>& total, double brevity_penalty,
               const BleuOptions& options, std::vector<T>& precisions) {
  if (std::all_of(correct.begin(), correct.end(), [](T n) { return n == 0; })) return 0;
  const T value = static_cast<T>(options.smoothing_value.value_or(0));
  T halvings = 1;
  size_t order = correct.size();
  for (size_t n = 0; n < correct.size(); ++n) {
    if (options.smoothing == BleuSmoothing::add_k && n > 0) {
      correct[n] += value;
      total[n] += value;
    }
    if (total[n] == 0) break;
    if (options.effective_order) order = n + 1;
    if (correct[n] != 0) {
      precisions[n] = 100 * correct[n] / total[n];
    } else if (options.smoothing == BleuSmoothing::exp) {
      halvings *= 2;
      precisions[n] = 100 / (halvings * total[n]);
    } else if (options.smoothing == BleuSmoothing::floor) {
      precisions[n] = static_cast<T>(100 * *options.smoothing_value) / total[n];
    }
  }
  double logs = 0;
  for (size_t n = 0; n < order; ++n) logs += safe_log(static_cast<double>(precisions[n]));
  return brevity_penalty * std::exp(logs / static_cast<double>(order));
}

double brevity_penalty(int64_t system, int64_t reference) {
  if (system >= reference) return 1;
  return system ? std::exp(1 - static_cast<double>(reference) / static_cast<double>(system)) : 0;
}

}  // namespace

std::string to_string(BleuSmoothing smoothing) {
  for (const auto& [value, name] : smoothings) {
    if (value == smoothing) return name;
  }
  return "none";
}

BleuSmoothing bleu_smoothing(const std::string& name) {
  for (const auto& [value, known] : smoothings) {
    if (name == known) return value;
  }
  throw ArgumentError("bleu", cat("unknown smoothing \"", name, "\", expected exp, floor, add-k or none"));
}

void BleuStatistics::merge(const BleuStatistics& other) {
  if (other.segments == 0) return;
  if (segments == 0) {
    *this = other;
    return;
  }
  check(correct.size() == other.correct.size(), "bleu", "statistics of order ", correct.size(), " and ",
        other.correct.size(), " cannot be added");
  for (size_t n = 0; n < correct.size(); ++n) {
    correct[n] += other.correct[n];
    total[n] += other.total[n];
  }
  system_length += other.system_length;
  reference_length += other.reference_length;
  segments += other.segments;
  fewest_references = std::min(fewest_references, other.fewest_references);
  most_references = std::max(most_references, other.most_references);
}

std::string BleuScore::verbose() const {
  return cat(joined(precisions), " (BP = ", fixed(brevity_penalty, 3), " ratio = ", fixed(ratio, 3),
             " hyp_len = ", system_length, " ref_len = ", reference_length, ")");
}

Bleu::Bleu(BleuOptions options) : options_(options) {
  check(options_.max_order >= 1 && options_.max_order <= 16, "bleu",
        "the maximum n-gram order must lie in 1..16, got ", options_.max_order);
  if (options_.style != BleuStyle::sacrebleu) {
    options_.tokenizer = BleuTokenizer::none;
    options_.smoothing = BleuSmoothing::none;
  }
  const bool takes_value =
      options_.smoothing == BleuSmoothing::floor || options_.smoothing == BleuSmoothing::add_k;
  if (options_.smoothing_value) {
    check(takes_value, "bleu", "smoothing \"", to_string(options_.smoothing), "\" takes no value, got ",
          *options_.smoothing_value);
    check(std::isfinite(*options_.smoothing_value) && *options_.smoothing_value >= 0, "bleu",
          "the smoothing value must be at least 0, got ", *options_.smoothing_value);
  } else if (takes_value) {
    options_.smoothing_value = options_.smoothing == BleuSmoothing::floor ? 0.1 : 1.0;
  }
}

std::string Bleu::prepare(std::string_view text) const {
  if (options_.style == BleuStyle::multi_bleu)
    return options_.lowercase ? lower_ascii(text) : std::string(text);
  const std::string lower = options_.lowercase ? to_lower(text) : std::string(text);
  return tokenize(options_.tokenizer, trim_right(lower));
}

BleuStatistics Bleu::statistics(std::string_view hypothesis,
                                const std::vector<std::string>& references) const {
  check(!references.empty(), "bleu", "a segment has no reference");
  std::vector<std::string> prepared{prepare(hypothesis)};
  for (const std::string& reference : references) prepared.push_back(prepare(reference));
  std::vector<std::vector<std::string_view>> words;
  size_t tokens = 0;
  for (const std::string& text : prepared) {
    words.push_back(options_.style == BleuStyle::multi_bleu ? split_ascii(text) : split_words(text));
    tokens += words.back().size();
  }
  TokenNumbers vocabulary(tokens);
  std::vector<std::vector<uint32_t>> texts(words.size());
  uint32_t unmatched = 0xFFFFFFFF;  // numbers for tokens that must never match, from the top
  for (size_t t = 0; t < words.size(); ++t) {
    texts[t].reserve(words[t].size());
    for (const std::string_view word : words[t]) {
      const bool unknown = options_.style == BleuStyle::fairseq && t > 0 && word == "<unk>";
      texts[t].push_back(unknown ? unmatched-- : vocabulary.of(word));
    }
  }
  BleuStatistics out;
  const auto orders = static_cast<size_t>(options_.max_order);
  out.correct.assign(orders, 0);
  out.total.assign(orders, 0);
  out.segments = 1;
  out.fewest_references = out.most_references = static_cast<int64_t>(references.size());
  out.system_length = static_cast<int64_t>(texts[0].size());
  // The reference length is the closest one; of two equally close the shorter.
  int64_t best = -1;
  for (size_t r = 1; r < texts.size(); ++r) {
    const auto length = static_cast<int64_t>(texts[r].size());
    const int64_t distance = std::abs(length - out.system_length);
    if (best < 0 || distance < best || (distance == best && length < out.reference_length)) {
      best = distance;
      out.reference_length = length;
    }
  }
  count_matches(texts, out);
  return out;
}

BleuStatistics Bleu::statistics(const std::vector<std::string>& hypotheses,
                                const std::vector<std::vector<std::string>>& references) const {
  check(!references.empty(), "bleu", "no reference was given");
  check(!hypotheses.empty(), "bleu", "the hypotheses are empty: there is nothing to score");
  for (size_t r = 0; r < references.size(); ++r) {
    check(references[r].size() == hypotheses.size(), "bleu", "reference ", r + 1, " has ",
          references[r].size(), " lines, but there are ", hypotheses.size(), " hypotheses");
  }
  std::vector<BleuStatistics> parts(hypotheses.size());
  parallel_for(static_cast<int64_t>(hypotheses.size()), 64, [&](int64_t begin, int64_t end) {
    std::vector<std::string> own(references.size());
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      for (size_t r = 0; r < references.size(); ++r) own[r] = references[r][i];
      parts[i] = statistics(hypotheses[i], own);
    }
  });
  BleuStatistics sum;
  for (const BleuStatistics& part : parts) sum.merge(part);
  return sum;
}

BleuScore Bleu::score(const BleuStatistics& s) const {
  BleuScore out;
  out.counts.assign(s.correct.begin(), s.correct.end());
  out.totals.assign(s.total.begin(), s.total.end());
  out.precisions.assign(s.correct.size(), 0.0);
  out.system_length = s.system_length;
  out.reference_length = s.reference_length;
  out.ratio =
      s.reference_length ? static_cast<double>(s.system_length) / static_cast<double>(s.reference_length) : 0;
  out.brevity_penalty = brevity_penalty(s.system_length, s.reference_length);
  out.score = bleu_of(out.counts, out.totals, out.brevity_penalty, options_, out.precisions);
  return out;
}

void Bleu::count(std::string_view hypothesis, const std::vector<std::string>& references, double* out) const {
  const BleuStatistics s = statistics(hypothesis, references);
  *out++ = static_cast<double>(s.system_length);
  *out++ = static_cast<double>(s.reference_length);
  for (const int64_t n : s.correct) *out++ = static_cast<double>(n);
  for (const int64_t n : s.total) *out++ = static_cast<double>(n);
}

BleuStatistics Bleu::unpacked(const double* sums) const {
  const auto orders = static_cast<size_t>(options_.max_order);
  const auto whole = [](double n) { return static_cast<int64_t>(n); };
  BleuStatistics s;
  s.system_length = whole(sums[0]);
  s.reference_length = whole(sums[1]);
  for (size_t n = 0; n < orders; ++n) {
    s.correct.push_back(whole(sums[2 + n]));
    s.total.push_back(whole(sums[2 + orders + n]));
  }
  return s;
}

double Bleu::score_of(const double* sums) const {
  return score(unpacked(sums)).score;
}

double Bleu::score_of(const float* sums) const {
  const auto orders = static_cast<size_t>(options_.max_order);
  std::vector<float> correct(sums + 2, sums + 2 + orders), total(sums + 2 + orders, sums + 2 + 2 * orders),
      precisions(orders, 0.0f);
  const double penalty = brevity_penalty(static_cast<int64_t>(sums[0]), static_cast<int64_t>(sums[1]));
  return bleu_of(correct, total, penalty, options_, precisions);
}

std::string Bleu::verbose_of(const double* sums) const {
  return score(unpacked(sums)).verbose();
}

BleuScore Bleu::corpus(const std::vector<std::string>& hypotheses,
                       const std::vector<std::vector<std::string>>& references) const {
  return score(statistics(hypotheses, references));
}

BleuScore Bleu::sentence(std::string_view hypothesis, const std::vector<std::string>& references) const {
  BleuOptions options = options_;
  options.effective_order = true;
  if (options.smoothing == BleuSmoothing::exp || options.smoothing == BleuSmoothing::none)
    options.smoothing_value.reset();
  return Bleu(options).score(statistics(hypothesis, references));
}

std::vector<SignatureField> Bleu::options_signature() const {
  std::string smooth = to_string(options_.smoothing);
  if (options_.smoothing_value) smooth += cat("[", fixed(*options_.smoothing_value, 2), "]");
  return {{"case", "c", options_.lowercase ? "lc" : "mixed"},
          {"eff", "e", options_.effective_order ? "yes" : "no"},
          {"tok", "tok", to_string(options_.tokenizer)},
          {"smooth", "s", smooth}};
}

std::string Bleu::signature(const BleuStatistics& s, bool shortened) const {
  return data::signature(*this, s.fewest_references, s.most_references, {}, shortened);
}

std::string Bleu::line(const BleuScore& b, const BleuStatistics& s, int digits) const {
  const std::string lengths = cat("(BP=", fixed(b.brevity_penalty, 3), ", ratio=", fixed(b.ratio, 3));
  switch (options_.style) {
    case BleuStyle::multi_bleu:
      if (b.reference_length == 0) return "BLEU = 0, 0/0/0/0 (BP=0, ratio=0, hyp_len=0, ref_len=0)";
      return cat("BLEU = ", fixed(b.score, 2), ", ", joined(b.precisions), " ", lengths,
                 ", hyp_len=", b.system_length, ", ref_len=", b.reference_length, ")");
    case BleuStyle::fairseq:
      return cat("BLEU", options_.max_order, " = ", fixed(b.score, 2), ", ", joined(b.precisions), " ",
                 lengths, ", syslen=", b.system_length, ", reflen=", b.reference_length, ")");
    case BleuStyle::sacrebleu:
      break;
  }
  return cat("BLEU|", signature(s), " = ", fixed(b.score, digits), " ", b.verbose());
}

}  // namespace mosaic::data
