// mosaic score: corpus scores of translations.
#include "apps/commands/commands.h"
#include "data/metrics/bleu.h"
#include "data/text/lines.h"

namespace mosaic::apps {
namespace {

struct BleuCommand {
  std::vector<std::string> references, hypotheses;
  std::string style = "sacrebleu", tokenizer, smoothing;
  std::optional<double> smoothing_value;
  int64_t max_order = 4, digits = 1;
  bool lowercase = false, effective_order = false, sentences = false, score_only = false,
       short_signature = false;
  bool split_compounds = false, force = false;
};

data::BleuOptions options_of(const BleuCommand& command) {
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
  if (!command.tokenizer.empty()) options.tokenizer = data::bleu_tokenizer(command.tokenizer);
  if (!command.smoothing.empty()) options.smoothing = data::bleu_smoothing(command.smoothing);
  return options;
}

std::vector<std::string> read_side(const std::string& path, const BleuCommand& command) {
  std::vector<std::string> lines = data::read_lines(path);
  check<FormatError>(!lines.empty(), path == "-" ? "standard input" : path.c_str(),
                     "is empty: there is nothing to score");
  if (command.split_compounds)
    for (std::string& line : lines) line = data::split_compounds(line);
  return lines;
}

std::string text_of(const BleuCommand& command, const data::Bleu& bleu, const data::BleuScore& score,
                    const data::BleuStatistics& statistics) {
  const int digits = static_cast<int>(command.digits);
  if (command.score_only) return fixed(score.score, digits) + "\n";
  if (bleu.options().style != data::BleuStyle::sacrebleu) return bleu.line(score, statistics, digits) + "\n";
  return cat("BLEU|", bleu.signature(statistics, command.short_signature), " = ", fixed(score.score, digits),
             " ", score.verbose(), "\n");
}

void score_sentences(const data::Bleu& bleu, const std::vector<std::string>& hypotheses,
                     const std::vector<std::vector<std::string>>& references, const BleuCommand& command,
                     bool as_json) {
  json all = json::array();
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    std::vector<std::string> own;
    for (const auto& reference : references) own.push_back(reference[i]);
    const data::BleuScore score = bleu.sentence(hypotheses[i], own);
    const data::BleuStatistics statistics = bleu.statistics(hypotheses[i], own);
    if (as_json)
      all.push_back(bleu.describe(score, statistics));
    else
      put(text_of(command, bleu, score, statistics));
  }
  if (as_json) put_json(all);
}

void score_bleu(const BleuCommand& command, bool as_json) {
  const data::Bleu bleu(options_of(command));
  std::vector<std::vector<std::string>> references;
  for (const std::string& path : command.references) references.push_back(read_side(path, command));
  const std::vector<std::string> systems =
      command.hypotheses.empty() ? std::vector<std::string>{"-"} : command.hypotheses;
  json all = json::array();
  for (const std::string& path : systems) {
    const std::vector<std::string> hypotheses = read_side(path, command);
    for (size_t r = 0; r < references.size(); ++r)
      check<FormatError>(hypotheses.size() == references[r].size(), path.c_str(), "has ", hypotheses.size(),
                         " lines, ", command.references[r], " has ", references[r].size());
    const bool tokenised = bleu.options().style != data::BleuStyle::sacrebleu ||
                           bleu.options().tokenizer == data::BleuTokenizer::none;
    if (!tokenised && !command.force && data::count_tokenized_lines(hypotheses) >= 100)
      warn(path, ": 100 lines or more end in \" .\": tokenised text makes ",
           to_string(bleu.options().tokenizer), " scores incomparable (--force silences this)");
    if (command.sentences) {
      score_sentences(bleu, hypotheses, references, command, as_json);
      continue;
    }
    const data::BleuStatistics statistics = bleu.statistics(hypotheses, references);
    const data::BleuScore score = bleu.score(statistics);
    if (as_json)
      all.push_back(bleu.describe(score, statistics));
    else
      put(text_of(command, bleu, score, statistics));
  }
  if (as_json && !command.sentences) put_json(all.size() == 1 ? all.front() : all);
}

}  // namespace

void declare_score(CLI::App& app, Program& program) {
  need_sub_command(app);
  CLI::App& sub =
      sub_command(app, "bleu", "Corpus BLEU, equal to sacreBLEU, multi-bleu.perl or fairseq-score");
  auto command = std::make_shared<BleuCommand>();
  required(
      texts_option(sub, "-r,--reference", command->references, "A reference file; repeat it for several"));
  words(sub, "hypotheses", command->hypotheses, "Files to score, - or none for standard input");
  choice_option(sub, "--style", command->style, {"sacrebleu", "multi-bleu", "fairseq"}, "Whose number");
  choice_option(sub, "--tok,--tokenize", command->tokenizer, {"13a", "intl", "char", "none"},
                "Tokenisation [13a]");
  choice_option(sub, "--smooth", command->smoothing, {"exp", "floor", "add-k", "none"}, "Smoothing [exp]");
  number_option(sub, "--smooth-value", command->smoothing_value, 0, 1e9, "Of floor [0.1] or add-k [1]");
  integer_option(sub, "--max-order", command->max_order, 1, 16, "Longest n-gram");
  integer_option(sub, "-w,--width", command->digits, 0, 15, "Digits after the point");
  flag(sub, "--lowercase,--lc", command->lowercase, "Without regard to case");
  flag(sub, "--effective-order", command->effective_order, "Average over the orders that are there");
  flag(sub, "--sentence-level", command->sentences, "One score a line, with effective order");
  flag(sub, "--split-compounds", command->split_compounds, "Split a-b into three tokens on both sides first");
  flag(sub, "-b,--score-only", command->score_only, "Print the number only");
  flag(sub, "--short", command->short_signature, "Short signature");
  flag(sub, "--force", command->force, "No warning about tokenised text");
  json_flag(sub, program);
  examples(sub, {"mosaic score bleu -r test.de hypotheses.de",
                 "mosaic score bleu --style fairseq --lowercase -r test.tok.de < hypotheses.tok.de"});
  on_chosen(sub, program, [command, &program] { score_bleu(*command, program.json); });
}

}  // namespace mosaic::apps
