// mosaic analyze: what a trained supernet's mixture does, and how it ranks architectures.
#include "apps/commands/commands.h"
#include "apps/common/bert_models.h"
#include "apps/common/diagnosing.h"
#include "apps/common/mlm_data.h"
#include "apps/common/models.h"
#include "apps/common/prepared.h"
#include "apps/common/ranking.h"
#include "apps/common/sentences.h"

namespace mosaic::apps {
namespace {

struct AnalyzeCommand {
  std::filesystem::path run, data;
  std::string checkpoint = "best";
  std::vector<std::string> alone;
  int64_t archs = 100, random = 10, valid_examples = 300, max_tokens = 4096, seed = 1;
};

void analyze_routing(const AnalyzeCommand& command) {
  const DiagnoseOptions options{
      .archs = command.archs, .random = command.random, .seed = static_cast<uint64_t>(command.seed)};
  if (supernet_kind(command.run) == "bert") {
    const SuperBertRun opened = open_super_bert(command.run, command.checkpoint);
    const MlmData data = open_mlm_data(command.data);
    return put_json(diagnose(*opened.supernet,
                             validation_set(data, {}, command.max_tokens, command.valid_examples), options));
  }
  const SupernetRun opened = open_supernet(command.run, command.checkpoint);
  put_json(
      diagnose(*opened.supernet,
               validation_set(open_data(command.data), {.max_tokens = command.max_tokens, .drop_long = true},
                              command.valid_examples),
               options));
}

void common_options(CLI::App& sub, AnalyzeCommand& command) {
  required(path_option(sub, "--run", command.run, "The supernet's run directory"));
  required(path_option(sub, "--data", command.data, "Data directory; losses are over its validation set"));
  choice_option(sub, "--checkpoint", command.checkpoint, {"best", "last", "average"}, "Whose weights");
  integer_option(sub, "--valid-examples", command.valid_examples, 0, 1 << 30,
                 "Validation pairs or sequences, 0: all");
  threads_option(sub);
  device_option(sub);
}

void declare_routing(CLI::App& app, Program& program, const std::shared_ptr<AnalyzeCommand>& command) {
  CLI::App& sub =
      sub_command(app, "routing",
                  "Losses of architectures, coefficients over architectures, expert distances, route swaps");
  common_options(sub, *command);
  integer_option(sub, "--archs", command->archs, 2, 100000,
                 "Architectures the coefficients are looked at over");
  integer_option(sub, "--random", command->random, 1, 100000, "Random architectures whose loss is averaged");
  integer_option(sub, "--seed", command->seed, 0, 1 << 30, "Of the architectures");
  json_flag(sub, program);
  examples(sub, {"mosaic analyze routing --run runs/neuron --data data"});
  on_chosen(sub, program, [command] { analyze_routing(*command); });
}

void analyze_ranking(const AnalyzeCommand& command) {
  put_json(rank_architectures(command.run, command.checkpoint, {command.alone.begin(), command.alone.end()},
                              command.data, command.valid_examples, command.max_tokens));
}

void declare_ranking(CLI::App& app, Program& program, const std::shared_ptr<AnalyzeCommand>& command) {
  CLI::App& sub = sub_command(app, "ranking",
                              "Losses of architectures by the supernet beside those of standalone trainings, "
                              "with Kendall's tau and the rankings by size");
  common_options(sub, *command);
  texts_option(sub, "--alone", command->alone,
               "A standalone training's run, or a model directory; twice at least");
  json_flag(sub, program);
  examples(sub, {"mosaic analyze ranking --run runs/neuron --data data --alone runs/a --alone runs/b"});
  on_chosen(sub, program, [command] { analyze_ranking(*command); });
}

}  // namespace

void declare_analyze(CLI::App& app, Program& program) {
  need_sub_command(app);
  auto command = std::make_shared<AnalyzeCommand>();
  declare_routing(app, program, command);
  declare_ranking(app, program, command);
}

}  // namespace mosaic::apps
