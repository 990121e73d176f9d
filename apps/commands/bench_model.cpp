#include <algorithm>
#include <thread>

#include "apps/commands/bench.h"
#include "apps/common/searching.h"

namespace mosaic::apps {

TimedModel settings_of(const BenchModel& command) {
  TimedModel settings;
  if (!command.space.empty()) settings.space = mos::space_named(command.space);
  const std::string named = command.model == "transformer" ? "seq2seq" : command.model;
  check<UsageError>(named.empty() || !settings.space || named == settings.space->model(), "--model",
                    command.model, " does not fit --space ", command.space);
  check<UsageError>(settings.space || command.arch.empty(), "--arch", "belongs to a space: --space names it");
  if (!command.arch.empty()) settings.arch = arch_from_file(*settings.space, command.arch);
  const bool bert = named == "bert" || (settings.space && settings.space->model() == "bert");
  const bool supernet = settings.space && !settings.arch;
  const int64_t space_vocabulary =
      bert && settings.space ? static_cast<int64_t>(settings.space->fixed("vocabulary")) : 8000;
  settings.bert = bert;
  settings.policy = nas::policy_named(command.policy);
  settings.mixture.routing = mos::routing_named(command.mixture);
  settings.mixture.experts = settings.mixture.on() ? command.experts : 1;
  settings.mixture.router_hidden = command.hidden;
  check<UsageError>(supernet || !settings.mixture.on(), "--mixture",
                    "belongs to a supernet: --space names what it is of, without --arch");
  settings.embed = command.embed.value_or(bert ? 192 : 128);
  settings.ffn = command.ffn.value_or(bert ? 768 : 256);
  settings.heads = command.heads.value_or(bert ? 6 : 4);
  settings.layers = command.layers.value_or(bert ? 6 : 4);
  settings.dropout = command.dropout.value_or(bert ? 0 : 0.3);
  settings.attention_dropout = command.attention_dropout.value_or(!bert && supernet ? 0.1 : 0);
  settings.vocabulary = command.vocabulary.value_or(bert ? space_vocabulary : command.translation_vocabulary);
  settings.rows = command.rows.value_or(bert ? 16 : 128);
  settings.length = command.length.value_or(bert ? 128 : 32);
  settings.batches = command.batches;
  if (!command.texts.empty()) {
    check<UsageError>(bert && !supernet, "--texts",
                      "are for a BERT alone: --model bert, or --space with --arch");
    check<UsageError>(!command.rows && !command.length, "--texts",
                      "say how many rows there are and how long, --rows and --length do not belong");
    for (const std::string& word : split(command.texts, ','))
      settings.texts.push_back(parse_integer(word, "--texts", 1, 1024));
    settings.rows = static_cast<int64_t>(settings.texts.size());
    settings.length = *std::max_element(settings.texts.begin(), settings.texts.end());
  }
  check<UsageError>(settings.space || settings.embed % settings.heads == 0, "--heads", settings.heads,
                    " must divide the width, --embed ", settings.embed);
  return settings;
}

const char* model_name(const TimedModel& settings) {
  return settings.bert ? "bert" : "transformer";
}

void bench_model_options(CLI::App& sub, BenchModel& command) {
  integer_option(sub, "--rows", command.rows, 1, 1 << 20, "Sentences of a micro-batch [128; BERT 16]");
  integer_option(sub, "--length", command.length, 1, 1024,
                 "Tokens of a sentence, both sides [32; BERT 128, 15 % to guess]");
  integer_option(sub, "--batches", command.batches, 1, 1024, "Micro-batches");
  integer_option(sub, "--vocabulary", command.vocabulary, 8, 1 << 20,
                 cat("Joint vocabulary [", command.translation_vocabulary, "; BERT 8000 or its space's]"));
  integer_option(sub, "--experts", command.experts, 2, 64, "Of a mixture");
  integer_option(sub, "--router-hidden", command.hidden, 1, 4096, "Of a mixture's routers");
  number_option(sub, "--dropout", command.dropout, 0, 0.9, "Dropout rate [0.3; BERT 0]");
  number_option(sub, "--attention-dropout", command.attention_dropout, 0, 0.9,
                "Of attention probabilities [0; translation supernets 0.1]");
}

void teams_option(CLI::App& sub, std::vector<std::string>& texts) {
  texts_option(sub, "--threads", texts, "Threads to measure with; may be repeated [1 and 2]");
}

std::vector<int> teams_of(const std::vector<std::string>& texts) {
  if (texts.empty())
    return std::thread::hardware_concurrency() > 1 ? std::vector<int>{1, 2} : std::vector<int>{1};
  std::vector<int> teams;
  for (const std::string& text : texts)
    teams.push_back(static_cast<int>(parse_integer(text, "--threads", 1, 512)));
  std::sort(teams.begin(), teams.end());
  teams.erase(std::unique(teams.begin(), teams.end()), teams.end());
  return teams;
}

void clock_option(CLI::App& sub, std::string& word) {
  choice_option(sub, "--clock", word, {"wall", "cpu"},
                "What is counted; cpu for one thread on a busy machine");
}

Clock clock_of(const std::string& word, int threads) {
  if (word == "wall") return Clock::wall;
  check<UsageError>(threads == 1, "--clock", "cpu adds up the threads' time: give --threads 1, not ",
                    threads);
  return Clock::processor;
}

void warn_when_busy(double processor_share) {
  if (processor_share < 0.8)
    warn("this process had ", fixed(100 * processor_share, 0),
         " % of its threads' processors: other work is part of wall-clock times");
}

}  // namespace mosaic::apps
