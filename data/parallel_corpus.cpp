#include "data/parallel_corpus.h"

#include <algorithm>
#include <unordered_set>

#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

namespace fs = std::filesystem;

// Applies the options to the pairs of one corpus as they come.
class Collector {
 public:
  Collector(ParallelCorpus& corpus, const ParallelOptions& options) : corpus_(corpus), options_(options) {
    check(options.max_words >= 0, "parallel corpus", "max_words must be at least 0, got ", options.max_words);
    check(options.max_ratio == 0 || options.max_ratio >= 1, "parallel corpus",
          "max_ratio must be 0 or at least 1, got ", options.max_ratio);
  }

  void add(std::string source, std::string target, const std::string& place) {
    ParallelReport& report = corpus_.report;
    ++report.lines;
    const int64_t a = count_words(source), b = count_words(target);
    if (a == 0 || b == 0) {
      ++(a == 0 && b == 0 ? report.empty_both : a == 0 ? report.empty_source : report.empty_target);
      if (options_.empty == EmptyLines::drop) return;
      if (options_.empty == EmptyLines::refuse) {
        throw FormatError(place, cat("the ", a == 0 ? "source" : "target", " side is empty"));
      }
    } else if (options_.max_words > 0 && std::max(a, b) > options_.max_words) {
      ++report.too_long;
      return;
    } else if (options_.max_ratio > 0 && static_cast<double>(std::max(a, b)) >
                                             options_.max_ratio * static_cast<double>(std::min(a, b))) {
      ++report.bad_ratio;
      return;
    }
    report.identical += source == target && a > 0;
    corpus_.pairs.push_back({std::move(source), std::move(target)});
    corpus_.line_numbers.push_back(report.lines);
    ++report.kept;
  }

  void finish() {
    ParallelReport& report = corpus_.report;
    if (report.lines == 0) throw FormatError(report.source, cat("and ", report.target, " are both empty"));
    if (report.kept == 0) {
      throw FormatError(report.source,
                        cat("no pair is left of ", report.lines, " lines: ", describe(report).dump()));
    }
    if (report.identical * 2 > report.kept) {
      report.warnings.push_back(
          cat(report.identical, " of ", report.kept, " pairs have the same text on both sides"));
    }
  }

 private:
  ParallelCorpus& corpus_;
  const ParallelOptions& options_;
};

void compare_reports(const LineReport& a, const LineReport& b, ParallelReport& report) {
  report.carriage_returns = a.carriage_returns + b.carriage_returns;
  if ((a.carriage_returns > 0) != (b.carriage_returns > 0)) {
    report.warnings.push_back(cat("only ", a.carriage_returns > 0 ? report.source : report.target,
                                  " ends its lines in CR LF; the CR was stripped"));
  }
}

fs::path with_language(const fs::path& prefix, const std::string& language) {
  const fs::path plain = prefix.string() + "." + language;
  const fs::path packed = plain.string() + ".gz";
  return !fs::exists(plain) && fs::exists(packed) ? packed : plain;
}

}  // namespace

json describe(const ParallelReport& r) {
  json out{{"source", r.source},
           {"target", r.target},
           {"lines", r.lines},
           {"kept", r.kept},
           {"empty_source", r.empty_source},
           {"empty_target", r.empty_target},
           {"empty_both", r.empty_both},
           {"too_long", r.too_long},
           {"bad_ratio", r.bad_ratio},
           {"identical", r.identical},
           {"carriage_returns", r.carriage_returns}};
  out["warnings"] = r.warnings;
  return out;
}

std::vector<std::string> ParallelCorpus::sources() const {
  std::vector<std::string> out;
  for (const SentencePair& pair : pairs) out.push_back(pair.source);
  return out;
}

std::vector<std::string> ParallelCorpus::targets() const {
  std::vector<std::string> out;
  for (const SentencePair& pair : pairs) out.push_back(pair.target);
  return out;
}

ParallelCorpus read_parallel(const fs::path& source, const fs::path& target, const ParallelOptions& options) {
  ParallelCorpus corpus;
  corpus.report.source = source.string();
  corpus.report.target = target.string();
  check(source != "-" || target != "-", "parallel corpus", "both sides cannot come from standard input");
  std::error_code ignored;
  if (source == target || fs::equivalent(source, target, ignored)) {
    corpus.report.warnings.push_back(cat("source and target are the same file, ", source.string()));
  }
  LineReader left(source, options.lines), right(target, options.lines);
  Collector collector(corpus, options);
  std::string a, b;
  while (true) {
    const bool more_left = left.next(a), more_right = right.next(b);
    if (more_left != more_right) {  // count the rest, so that the message helps to find the missing line
      while (left.next(a)) {
      }
      while (right.next(b)) {
      }
      throw FormatError(target.string(),
                        cat("has ", right.number(), " lines, but ", source.string(), " has ", left.number(),
                            "; line i of one must translate line i of the other"));
    }
    if (!more_left) break;
    collector.add(a, b, corpus.report.source + ":" + std::to_string(left.number()));
  }
  compare_reports(left.report(), right.report(), corpus.report);
  collector.finish();
  return corpus;
}

ParallelCorpus read_parallel(const fs::path& prefix, const std::string& source_language,
                             const std::string& target_language, const ParallelOptions& options) {
  return read_parallel(with_language(prefix, source_language), with_language(prefix, target_language),
                       options);
}

ParallelCorpus read_pairs_tsv(const fs::path& path, const ParallelOptions& options) {
  ParallelCorpus corpus;
  corpus.report.source = corpus.report.target = path.string();
  LineReader reader(path, options.lines);
  Collector collector(corpus, options);
  for (std::string line; reader.next(line);) {
    const auto tabs = std::count(line.begin(), line.end(), '\t');
    if (tabs != 1)
      throw FormatError(reader.place(), cat("has ", tabs + 1, " columns, expected source<TAB>target"));
    const size_t tab = line.find('\t');
    collector.add(line.substr(0, tab), line.substr(tab + 1), reader.place());
  }
  corpus.report.carriage_returns = reader.report().carriage_returns;
  collector.finish();
  return corpus;
}

void write_parallel(const fs::path& prefix, const std::string& source_language,
                    const std::string& target_language, const std::vector<SentencePair>& pairs) {
  std::vector<std::string> sources, targets;
  for (const SentencePair& pair : pairs) {
    sources.push_back(pair.source);
    targets.push_back(pair.target);
  }
  write_lines(prefix.string() + "." + source_language, sources);
  write_lines(prefix.string() + "." + target_language, targets);
}

Overlap find_overlap(const std::vector<SentencePair>& train, const std::vector<SentencePair>& test) {
  const auto joined = [](const SentencePair& pair) { return pair.source + "\n" + pair.target; };
  std::unordered_set<std::string> sources, both;
  for (const SentencePair& pair : test) {
    sources.insert(pair.source);
    both.insert(joined(pair));
  }
  std::unordered_set<std::string> seen_sources, seen_both;  // those of the test set that training has
  for (const SentencePair& pair : train) {
    if (!sources.contains(pair.source)) continue;
    seen_sources.insert(pair.source);
    if (std::string key = joined(pair); both.contains(key)) seen_both.insert(std::move(key));
  }
  Overlap out;
  out.test = static_cast<int64_t>(test.size());
  for (const SentencePair& pair : test) {
    out.same_source += seen_sources.contains(pair.source);
    out.same_pair += seen_both.contains(joined(pair));
  }
  if (out.same_source > 0) {
    out.warning = cat(out.same_source, " of ", out.test, " test sentences also occur in the training text (",
                      out.same_pair, " with the same translation): scores will be too high");
  }
  return out;
}

}  // namespace mosaic::data
