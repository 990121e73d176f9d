// mosaic bench translate: how long a static model takes to translate, from token ids to token ids.
#include "apps/commands/bench.h"

#include <algorithm>
#include <chrono>

#include "apps/common/models.h"
#include "apps/common/sentences.h"
#include "data/dataset.h"
#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "engine/core/allocator.h"
#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"

namespace mosaic::apps {
namespace {

constexpr int32_t first_word = 4;  // smaller ids are special tokens

struct BenchTranslateCommand {
  std::filesystem::path model, input, hypotheses;
  int64_t beam = 1, rows = 64, repeats = 5;
  std::optional<int64_t> sentences, length, max_length;
};

using Sources = std::vector<std::vector<int32_t>>;

// The first lines of the text that are not blank.
Sources sources_of_text(const BenchTranslateCommand& command, const data::Subwords& subwords) {
  Sources sources;
  data::LineReader reader(command.input);
  for (std::string line; reader.next(line);) {
    if (command.sentences && static_cast<int64_t>(sources.size()) == *command.sentences) break;
    if (!data::trim(line).empty()) sources.push_back(data::encode_source(subwords, line));
  }
  check<UsageError>(!sources.empty(), "--input", command.input, " has no text");
  return sources;
}

// Random words, every source `length` tokens with its end.
Sources synthetic_sources(const nn::TransformerConfig& config, int64_t sentences, int64_t length) {
  check<UsageError>(config.source_vocabulary > first_word, "--model", "has no words besides special tokens");
  Generator rng(1);
  const auto words = static_cast<uint64_t>(config.source_vocabulary - first_word);
  Sources sources(static_cast<size_t>(sentences));
  for (std::vector<int32_t>& source : sources) {
    for (int64_t t = 0; t + 1 < length; ++t)
      source.push_back(first_word + static_cast<int32_t>(rng.below(words)));
    source.push_back(static_cast<int32_t>(config.eos));
  }
  return sources;
}

int64_t token_count(const Sources& sources) {
  int64_t count = 0;
  for (const auto& source : sources) count += static_cast<int64_t>(source.size());
  return count;
}

TranslateOptions options_of(const BenchTranslateCommand& command, const DecodingSettings& decoding) {
  TranslateOptions options{
      .method = command.beam == 1 ? "greedy" : "beam", .decoding = decoding, .rows = command.rows};
  options.decoding.beam = command.beam;
  if (command.max_length) {
    options.decoding.max_length = *command.max_length;
    options.decoding.source_factor = 0;
  }
  if (command.input.empty()) {  // as long as the source, so that the work does not depend on the weights
    options.decoding.max_length = options.min_length = command.length.value_or(20) - 1;
    options.decoding.source_factor = 0;
  }
  return options;
}

void write_hypotheses(const std::filesystem::path& path, const Sources& sources,
                      const std::vector<nn::Hypothesis>& found) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < found.size(); ++i)
    lines.push_back(json{{"source", sources[i]},
                         {"hypothesis", found[i].tokens},
                         {"log_probability", found[i].log_probability}}
                        .dump());
  data::write_lines(path, lines);
}

void bench_translate(const BenchTranslateCommand& command, bool as_json) {
  check<UsageError>(command.input.empty() || !command.length, "--length",
                    "is of random sources; --input has its own");
  check<UsageError>(!command.input.empty() || !command.max_length, "--max-length",
                    "belongs to --input; random sources are translated to as many tokens as they have");
  const StaticModel model = open_model(command.model);
  const Sources sources = command.input.empty()
                              ? synthetic_sources(model.model->config(), command.sentences.value_or(64),
                                                  command.length.value_or(20))
                              : sources_of_text(command, model.subwords);
  const TranslateOptions options = options_of(command, model.facts.decoding);

  std::vector<nn::Hypothesis> found = decode_sources(*model.model, sources, options);  // warms up
  std::vector<double> times;
  allocator(compute_device()).reset_peak();
  for (int64_t repeat = 0; repeat < command.repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    found = decode_sources(*model.model, sources, options);
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    times.push_back(taken.count());
  }
  if (!command.hypotheses.empty()) write_hypotheses(command.hypotheses, sources, found);
  int64_t tokens = 0;
  for (const nn::Hypothesis& hypothesis : found) tokens += static_cast<int64_t>(hypothesis.tokens.size()) + 1;
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  put_result({{"sentences", sources.size()},
              {"source_tokens", token_count(sources)},
              {"tokens", tokens},
              {"beam", command.beam},
              {"rows", command.rows},
              {"milliseconds", median},
              {"milliseconds_min", times.front()},
              {"milliseconds_max", times.back()},
              {"tokens_per_second", static_cast<double>(tokens) / median * 1e3},
              {"peak_bytes", allocator(compute_device()).stats().peak},
              {"device", cat(compute_device())},
              {"threads", threads()},
              {"isa", kernels::isa_name()}},
             as_json);
}

}  // namespace

void declare_bench_translate(CLI::App& app, Program& program) {
  auto command = std::make_shared<BenchTranslateCommand>();
  CLI::App& sub = sub_command(app, "translate", "Translation by a static model, loading not counted");
  required(path_option(sub, "-m,--model", command->model, "Model directory"));
  path_option(sub, "-i,--input", command->input, "Text to translate [random sources]");
  integer_option(sub, "--sentences", command->sentences, 1, 1 << 24,
                 "Of the input, the first so many [all]; of random sources [64]");
  integer_option(sub, "--length", command->length, 2, 1024,
                 "Tokens of random sources and their results [20]");
  integer_option(sub, "--beam", command->beam, 1, 1000, "Width of the beam; 1: greedy");
  integer_option(sub, "--rows", command->rows, 1, 100000, "Sentences decoded together");
  integer_option(sub, "--max-length", command->max_length, 1, 1 << 20,
                 "Most tokens a sentence [the model's]");
  integer_option(sub, "--repeats", command->repeats, 1, 100000,
                 "Timed translations of all, after one to warm up");
  path_option(sub, "--hypotheses", command->hypotheses,
              "Write a line of JSON a sentence: ids of source and hypothesis, log probability");
  threads_option(sub);
  device_option(sub);
  json_flag(sub, program);
  examples(sub, {"mosaic bench translate --model models/fast --input test.en --threads 1 --json",
                 "mosaic bench translate --model models/fast --beam 4 --rows 1 --length 30"});
  on_chosen(sub, program, [command, &program] { bench_translate(*command, program.json); });
}

}  // namespace mosaic::apps
