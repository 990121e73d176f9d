// mosaic score: scores of translations and of GLUE predictions.
#include <cstdlib>

#include "apps/commands/commands.h"
#include "apps/commands/score_glue.h"
#include "apps/common/score_options.h"
#include "data/metrics/files.h"
#include "data/metrics/report.h"

namespace mosaic::apps {
namespace {

using Metrics = std::vector<std::unique_ptr<data::Metric>>;

data::ResamplingSeed seed_of(const ScoreCommand& command) {
  const char* variable = std::getenv("SACREBLEU_SEED");
  if (!command.seed.empty()) return data::resampling_seed(command.seed);
  return variable && *variable ? data::resampling_seed(variable) : data::ResamplingSeed{};
}

std::string signature_of(const data::Metric& metric, const data::SegmentCounts& counts,
                         const ScoreCommand& command,
                         const std::vector<data::SignatureField>& resampling = {}) {
  // JSON names its fields in full.
  const bool brief = command.short_signature && command.format != "json";
  return data::signature(metric, counts.fewest_references, counts.most_references, resampling, brief);
}

std::vector<data::ScoredFile> read_files(const Metrics& metrics, const ScoreCommand& command) {
  data::ScoreFiles files{.references_a_line = command.references_a_line,
                         .empty_is_missing = command.empty_is_missing};
  files.references.assign(command.references.begin(), command.references.end());
  files.hypotheses.assign(command.hypotheses.begin(), command.hypotheses.end());
  if (files.hypotheses.empty()) files.hypotheses = {"-"};
  if (command.split_compounds) files.prepare = data::split_compounds;
  std::vector<const data::Metric*> pointers;
  bool retokenises = false;
  for (const auto& metric : metrics) {
    pointers.push_back(metric.get());
    const auto* bleu = dynamic_cast<const data::Bleu*>(metric.get());
    retokenises |= bleu && bleu->options().tokenizer != data::BleuTokenizer::none;
  }
  std::vector<data::ScoredFile> scored = data::count_files(pointers, files);
  for (const data::ScoredFile& file : scored) {
    if (retokenises && !command.force && file.tokenized_lines >= 100)
      warn(path_text(file.path), ": ", file.tokenized_lines,
           " lines end in \" .\": BLEU of text that is tokenised already is not comparable (--force silences "
           "this)");
  }
  return scored;
}

// multi-bleu.perl's or fairseq-score's line of each system; empty under sacreBLEU's style.
std::string foreign_lines(const data::Metric& metric, const std::vector<data::ScoredFile>& systems,
                          int digits) {
  const auto* bleu = dynamic_cast<const data::Bleu*>(&metric);
  std::string out;
  if (!bleu || bleu->options().style == data::BleuStyle::sacrebleu) return out;
  for (const data::ScoredFile& system : systems) {
    const data::BleuStatistics sums = bleu->unpacked(system.counts[0].sums().data());
    out += bleu->line(bleu->score(sums), sums, digits) + "\n";
  }
  return out;
}

data::MetricScore score_of(const data::Metric& metric, const data::SegmentCounts& counts,
                           const ScoreCommand& command) {
  const std::vector<double> sums = counts.sums();
  data::MetricScore out{.name = metric.name(),
                        .score = metric.score_of(sums.data()),
                        .verbose = metric.verbose_of(sums.data())};
  std::vector<data::SignatureField> resampling;
  if (command.confidence) {
    const data::ResamplingSeed seed = seed_of(command);
    out.interval = data::bootstrap_interval(metric, counts, command.confidence_samples, seed.value);
    resampling = data::interval_signature(command.confidence_samples, seed);
  }
  out.signature = signature_of(metric, counts, command, resampling);
  return out;
}

void put_sentences(const data::Metric& metric, const data::SegmentCounts& counts, const ScoreCommand& command,
                   bool as_json) {
  const std::string signature = signature_of(metric, counts, command);
  json all = json::array();
  for (int64_t i = 0; i < counts.segments(); ++i) {
    const data::MetricScore score{.name = metric.name(),
                                  .score = metric.score_of(counts.row(i)),
                                  .signature = signature,
                                  .verbose = metric.verbose_of(counts.row(i))};
    const int digits = static_cast<int>(command.digits);
    if (as_json)
      all.push_back(data::describe(score));
    else
      put((command.score_only ? data::score_number(score, digits) : data::score_line(score, digits)) + "\n");
  }
  if (as_json) put_json(all);
}

void put_system(const Metrics& metrics, const data::ScoredFile& system, const ScoreCommand& command,
                bool as_json) {
  const int digits = static_cast<int>(command.digits);
  json full = json::array(), rounded = json::array();
  std::vector<std::string> lines, numbers;
  for (size_t m = 0; m < metrics.size(); ++m) {
    const data::MetricScore score = score_of(*metrics[m], system.counts[m], command);
    full.push_back(data::describe(score));
    rounded.push_back(data::describe(score, digits));
    lines.push_back(data::score_line(score, digits));
    numbers.push_back(data::score_number(score, digits));
  }
  if (as_json) return put_json(full.size() == 1 ? full.front() : full);
  if (command.score_only) return put(join(numbers, "\t") + "\n");
  const std::string foreign = foreign_lines(*metrics[0], {system}, digits);
  if (!foreign.empty()) return put(foreign);
  if (command.format == "json") return put((rounded.size() == 1 ? rounded.front() : rounded).dump(1) + "\n");
  put(data::aligned_lines(lines));
}

data::ScoreTable table_of(const Metrics& metrics, const std::vector<data::ScoredFile>& systems,
                          const ScoreCommand& command) {
  data::ScoreTable table;
  std::vector<data::SignatureField> resampling;
  if (command.paired()) {
    const data::ResamplingSeed seed = seed_of(command);
    const bool bootstrap = command.paired_bootstrap;
    table.test = data::PairedTest{
        .kind = bootstrap ? data::PairedTest::Kind::bootstrap : data::PairedTest::Kind::randomization,
        .samples = bootstrap ? command.bootstrap_samples : command.randomization_samples,
        .seed = seed.value};
    resampling = data::paired_signature(*table.test, seed);
  }
  for (const data::ScoredFile& system : systems) table.systems.push_back(path_text(system.path));
  for (size_t m = 0; m < metrics.size(); ++m) {
    std::vector<data::SegmentCounts> counts;
    std::vector<data::PairedResult> results;
    for (const data::ScoredFile& system : systems) {
      counts.push_back(system.counts[m]);
      results.push_back({.score = metrics[m]->score_of(counts.back().sums().data())});
    }
    if (table.test) results = data::paired_test(*metrics[m], counts, *table.test);
    table.metrics.push_back(metrics[m]->name());
    table.signatures.push_back(signature_of(*metrics[m], counts[0], command, resampling));
    table.results.push_back(results);
  }
  return table;
}

void put_table(const Metrics& metrics, const std::vector<data::ScoredFile>& systems,
               const ScoreCommand& command, bool as_json) {
  const int digits = static_cast<int>(command.digits);
  const std::string foreign = foreign_lines(*metrics[0], systems, digits);
  if (!as_json && !foreign.empty()) return put(foreign);
  const data::ScoreTable table = table_of(metrics, systems, command);
  if (as_json) return put_json(data::describe(table));
  if (command.score_only) {
    for (size_t s = 0; s < systems.size(); ++s) {
      std::vector<std::string> numbers;
      for (const auto& results : table.results) numbers.push_back(fixed(results[s].score, digits));
      put(join(numbers, "\t") + "\n");
    }
    return;
  }
  if (command.format == "json") return put(data::describe(table, digits).dump(4) + "\n");
  const auto format = command.format == "latex" ? data::TableFormat::latex : data::TableFormat::text;
  put(data::render(table, format, digits, output_colors()));
}

void check_usage(const ScoreCommand& command, const Metrics& metrics) {
  const size_t systems = std::max<size_t>(1, command.hypotheses.size());
  check<UsageError>(!(command.paired_bootstrap && command.paired_randomization), "--paired-bs",
                    "and --paired-ar exclude each other");
  check<UsageError>(!command.paired() || systems > 1, "--paired-bs, --paired-ar",
                    "need a baseline and at least one more system");
  check<UsageError>(!command.confidence || systems == 1, "--confidence",
                    "is of one system; --paired-bs gives intervals of several");
  check<UsageError>(!command.sentences || (systems == 1 && metrics.size() == 1), "--sentence-level",
                    "takes one system and one metric");
  check<UsageError>(!command.sentences || !(command.confidence || command.paired()), "--sentence-level",
                    "goes with no significance test");
  check<UsageError>(command.format != "latex" || systems > 1, "--format",
                    "latex is a table of several systems");
}

// multi-bleu.perl ends with 1 when the references hold no word.
bool fails_like_multi_bleu(const data::Metric& metric, const std::vector<data::ScoredFile>& systems) {
  const auto* bleu = dynamic_cast<const data::Bleu*>(&metric);
  return bleu && bleu->options().style == data::BleuStyle::multi_bleu &&
         bleu->unpacked(systems[0].counts[0].sums().data()).reference_length == 0;
}

void score(const ScoreCommand& given, Program& program) {
  ScoreCommand command = given;
  if (command.metrics.empty()) command.metrics = {"bleu", "chrf", "ter"};
  const Metrics metrics = metrics_of(command);
  check_usage(command, metrics);
  const std::vector<data::ScoredFile> systems = read_files(metrics, command);
  if (fails_like_multi_bleu(*metrics[0], systems)) program.exit_code = 1;
  if (command.sentences) return put_sentences(*metrics[0], systems[0].counts[0], command, program.json);
  if (systems.size() > 1) return put_table(metrics, systems, command, program.json);
  put_system(metrics, systems[0], command, program.json);
}

using Shared = std::shared_ptr<ScoreCommand>;

Shared declare(CLI::App& sub, Program& program, std::vector<std::string> metrics) {
  auto command = std::make_shared<ScoreCommand>();
  command->metrics = std::move(metrics);
  common_score_options(sub, *command, program);
  on_chosen(sub, program, [command, &program] { score(*command, program); });
  return command;
}

}  // namespace

void declare_score(CLI::App& app, Program& program) {
  need_sub_command(app);
  CLI::App& bleu =
      sub_command(app, "bleu", "Corpus BLEU, equal to sacreBLEU, multi-bleu.perl or fairseq-score");
  const Shared of_bleu = declare(bleu, program, {"bleu"});
  bleu_options(bleu, *of_bleu);
  choice_option(bleu, "--style", of_bleu->style, {"sacrebleu", "multi-bleu", "fairseq"}, "Whose number");
  flag(bleu, "--split-compounds", of_bleu->split_compounds,
       "Split a-b into three tokens on both sides first");
  examples(bleu, {"mosaic score bleu -r test.de hypotheses.de",
                  "mosaic score bleu -r test.de --paired-bs baseline.de better.de",
                  "mosaic score bleu --style fairseq --lowercase -r test.tok.de < hypotheses.tok.de"});

  CLI::App& chrf = sub_command(app, "chrf", "chrF and chrF++, equal to sacreBLEU");
  chrf_options(chrf, *declare(chrf, program, {"chrf"}));
  examples(chrf, {"mosaic score chrf --word-order 2 -r test.de hypotheses.de"});

  CLI::App& ter = sub_command(app, "ter", "Translation edit rate, equal to sacreBLEU (Tercom)");
  ter_options(ter, *declare(ter, program, {"ter"}));
  examples(ter, {"mosaic score ter -r test.de hypotheses.de"});

  CLI::App& all = sub_command(app, "translations", "Several metrics and systems in one table");
  const Shared of_all = declare(all, program, {});
  texts_option(all, "-m,--metric", of_all->metrics, "bleu, chrf or ter; repeat it for several [all three]");
  bleu_options(all, *of_all);
  chrf_options(all, *of_all, "chrf-");
  ter_options(all, *of_all, "ter-");
  examples(all, {"mosaic score translations -r test.de a.de b.de c.de --paired-ar",
                 "mosaic score translations -m bleu -m chrf -r test.de hypotheses.de --confidence"});
  declare_score_glue(app, program);
}

}  // namespace mosaic::apps
