#include "apps/common/model_options.h"

#include "apps/common/searching.h"

namespace mosaic::apps {

void model_options(CLI::App& app, ModelCommand& command) {
  path_option(app, "-m,--model", command.model, "Model directory");
  path_option(app, "--run", command.run, "Or a supernet's run directory, with --arch");
  text_option(app, "--arch", command.arch, "Architecture file, a search's directory, largest or smallest");
  choice_option(app, "--checkpoint", command.checkpoint, {"best", "last", "average"},
                "Weights of the supernet");
  choice_option(app, "--method", command.method, {"beam", "greedy", "sample"}, "How to decode");
  integer_option(app, "--beam", command.beam, 1, 1000, "Width of the beam [the model's]");
  number_option(app, "--length-penalty", command.length_penalty, -10, 10,
                "Exponent of the length [the model's]");
  integer_option(app, "--max-length", command.max_length, 1, 1 << 20, "Most tokens a sentence [the model's]");
  number_option(app, "--temperature", command.temperature, 1e-6, 1e6, "Sampling: divides the logits");
  integer_option(app, "--top-k", command.top_k, 0, 1 << 24,
                 "Sampling: from so many likeliest tokens, 0: all");
  integer_option(app, "--seed", command.seed, 0, INT64_MAX, "Sampling: seed");
  integer_option(app, "--rows", command.rows, 1, 100000, "Sentences decoded together");
  threads_option(app);
  device_option(app);
}

namespace {

// Whether a model directory is named, not a supernet's run with an architecture.
bool names_directory(const ModelCommand& command) {
  check<UsageError>(command.model.empty() != command.run.empty(), "--model",
                    "or --run is needed, one of them");
  if (!command.model.empty()) {
    check<UsageError>(command.arch.empty(), "--arch",
                      "belongs to --run; a model directory has one architecture");
    return true;
  }
  check<UsageError>(!command.arch.empty(), "--arch",
                    "is needed with --run: a file, a search's directory, largest or smallest");
  return false;
}

}  // namespace

StaticModel open(const ModelCommand& command) {
  if (names_directory(command)) return open_model(command.model);
  SupernetRun from = open_supernet(command.run, command.checkpoint);
  const mos::Arch arch = arch_from_file(from.supernet->space(), command.arch);
  ModelFacts facts = from.facts;
  facts.arch = arch.to_json();
  return {.model = from.supernet->extract(arch),
          .subwords = std::move(from.subwords),
          .facts = std::move(facts),
          .hash = from.hash};
}

bool is_bert(const ModelCommand& command) {
  return (names_directory(command) ? model_kind(command.model) : supernet_kind(command.run)) == "bert";
}

StaticBert open_static_bert(const ModelCommand& command) {
  if (names_directory(command)) return open_bert(command.model);
  SuperBertRun from = open_super_bert(command.run, command.checkpoint);
  const mos::Arch arch = arch_from_file(from.supernet->space(), command.arch);
  BertFacts facts = from.facts;
  facts.arch = arch.to_json();
  return {.model = from.supernet->extract(arch),
          .wordpiece = std::move(from.wordpiece),
          .facts = std::move(facts),
          .hash = from.hash};
}

TranslateOptions translate_options(const ModelCommand& command, const ModelFacts& facts) {
  TranslateOptions options{.method = command.method,
                           .decoding = facts.decoding,
                           .temperature = command.temperature,
                           .top_k = command.top_k,
                           .seed = static_cast<uint64_t>(command.seed),
                           .rows = command.rows};
  if (command.beam) options.decoding.beam = *command.beam;
  if (command.length_penalty) options.decoding.length_penalty = *command.length_penalty;
  if (command.max_length) {
    options.decoding.max_length = *command.max_length;
    options.decoding.source_factor = 0;
  }
  return options;
}

}  // namespace mosaic::apps
