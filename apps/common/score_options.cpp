#include "apps/common/score_options.h"

namespace mosaic::apps {
namespace {

data::BleuOptions bleu_of(const ScoreCommand& command) {
  data::BleuOptions options{.smoothing_value = command.smoothing_value,
                            .lowercase = command.lowercase,
                            .effective_order = command.effective_order || command.sentences,
                            .max_order = static_cast<int>(command.max_order)};
  if (command.style == "multi-bleu") options.style = data::BleuStyle::multi_bleu;
  if (command.style == "fairseq") options.style = data::BleuStyle::fairseq;
  const bool sacre = options.style == data::BleuStyle::sacrebleu;
  check<UsageError>(sacre || (command.tokenizer.empty() && command.smoothing.empty()), "--style",
                    command.style,
                    " splits at white space and does not smooth; --tok and --smooth belong to sacrebleu");
  check<UsageError>(sacre || !(command.confidence || command.paired()), "--style", command.style,
                    " has no significance tests; they belong to sacrebleu");
  if (!command.tokenizer.empty()) options.tokenizer = data::bleu_tokenizer(command.tokenizer);
  if (!command.smoothing.empty()) options.smoothing = data::bleu_smoothing(command.smoothing);
  return options;
}

data::ChrfOptions chrf_of(const ScoreCommand& command) {
  data::ChrfOptions options = command.chrf;
  options.char_order = static_cast<int>(command.char_order);
  options.word_order = static_cast<int>(command.word_order);
  options.beta = static_cast<int>(command.beta);
  return options;
}

}  // namespace

void bleu_options(CLI::App& app, ScoreCommand& command) {
  choice_option(app, "--tok,--tokenize", command.tokenizer, {"13a", "intl", "char", "zh", "none"},
                "BLEU's tokenisation [13a]");
  choice_option(app, "--smooth", command.smoothing, {"exp", "floor", "add-k", "none"},
                "BLEU's smoothing [exp]");
  number_option(app, "--smooth-value", command.smoothing_value, 0, 1e9, "Of floor [0.1] or add-k [1]");
  integer_option(app, "--max-order", command.max_order, 1, 16, "BLEU's longest n-gram");
  flag(app, "--lowercase,--lc", command.lowercase, "BLEU without regard to case");
  flag(app, "--effective-order", command.effective_order, "Average BLEU over the orders that are there");
  flag(app, "--force", command.force, "No warning about tokenised text");
}

void chrf_options(CLI::App& app, ScoreCommand& command, const std::string& prefix) {
  const auto named = [&](const char* name) { return cat("--", prefix, name); };
  integer_option(app, named("char-order"), command.char_order, 1, 24, "chrF's longest character n-gram");
  integer_option(app, named("word-order"), command.word_order, 0, 24, "Its longest word n-gram; 2 is chrF++");
  integer_option(app, named("beta"), command.beta, 1, 100, "Weight of its recall against precision");
  flag(app, named("whitespace"), command.chrf.whitespace, "White space is part of its n-grams");
  flag(app, named("lowercase"), command.chrf.lowercase, "chrF without regard to case");
  flag(app, named("eps-smoothing"), command.chrf.eps_smoothing, "Its smoothing of chrF++.py, NLTK and Moses");
}

void ter_options(CLI::App& app, ScoreCommand& command, const std::string& prefix) {
  const auto named = [&](const char* name) { return cat("--", prefix, name); };
  flag(app, named("normalized"), command.ter.normalized, "Tercom's normalisation and tokenisation for TER");
  flag(app, named("no-punct"), command.ter.no_punctuation, "TER without punctuation");
  flag(app, named("asian-support"), command.ter.asian_support,
       "Asian characters are words of their own in TER");
  flag(app, named("case-sensitive"), command.ter.case_sensitive, "TER with regard to case");
}

void common_score_options(CLI::App& app, ScoreCommand& command, Program& program) {
  required(texts_option(app, "-r,--reference", command.references,
                        "A reference file, plain or gzip; repeat it for several"));
  words(app, "hypotheses", command.hypotheses, "Files to score, - or none for standard input");
  integer_option(app, "--num-refs", command.references_a_line, 1, 1000,
                 "References a line, separated by tabs");
  flag(app, "--empty-is-missing", command.empty_is_missing, "An empty reference line is no reference");
  flag(app, "--sentence-level", command.sentences, "One score a line, BLEU with effective order");
  flag(app, "--confidence", command.confidence, "95% interval of the score from bootstrap resamples");
  integer_option(app, "--confidence-n", command.confidence_samples, 2, 1 << 24, "Their number");
  flag(app, "--paired-bs", command.paired_bootstrap, "Paired bootstrap of every system against the first");
  integer_option(app, "--paired-bs-n", command.bootstrap_samples, 1, 1 << 24, "Its resamples");
  flag(app, "--paired-ar", command.paired_randomization,
       "Paired approximate randomization against the first");
  integer_option(app, "--paired-ar-n", command.randomization_samples, 1, 1 << 24, "Its trials");
  text_option(app, "--seed", command.seed, "Of the resamples, or none [$SACREBLEU_SEED or 12345]");
  choice_option(app, "-f,--format", command.format, {"text", "json", "latex"},
                "sacreBLEU's lines, JSON or a table");
  integer_option(app, "-w,--width", command.digits, 0, 15, "Digits after the point");
  flag(app, "-b,--score-only", command.score_only, "Print the number only, one line a system");
  flag(app, "--short", command.short_signature, "Short signatures");
  threads_option(app);
  json_flag(app, program);
}

std::vector<std::unique_ptr<data::Metric>> metrics_of(const ScoreCommand& command) {
  std::vector<std::unique_ptr<data::Metric>> out;
  for (const std::string& name : command.metrics) {
    if (name == "bleu")
      out.push_back(std::make_unique<data::Bleu>(bleu_of(command)));
    else if (name == "chrf")
      out.push_back(std::make_unique<data::Chrf>(chrf_of(command)));
    else if (name == "ter")
      out.push_back(std::make_unique<data::Ter>(command.ter));
    else
      throw UsageError("--metric", cat("must be bleu, chrf or ter, got ", name));
  }
  return out;
}

}  // namespace mosaic::apps
