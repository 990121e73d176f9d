// mosaic analyze: what a trained supernet's mixture does.
#include "apps/commands/commands.h"
#include "apps/common/diagnosing.h"
#include "apps/common/models.h"
#include "apps/common/prepared.h"

namespace mosaic::apps {
namespace {

struct AnalyzeCommand {
  std::filesystem::path run, data;
  std::string checkpoint = "best";
  int64_t archs = 100, random = 10, valid_pairs = 300, max_tokens = 4096, seed = 1;
};

void analyze_routing(const AnalyzeCommand& command) {
  const SupernetRun opened = open_supernet(command.run, command.checkpoint);
  const PreparedData data = open_data(command.data);
  std::vector<data::Example> valid = data.examples("valid");
  if (command.valid_pairs > 0 && valid.size() > static_cast<size_t>(command.valid_pairs))
    valid.resize(static_cast<size_t>(command.valid_pairs));
  const auto batches = validation_batches(valid, {.max_tokens = command.max_tokens, .drop_long = true});
  put_json(diagnose(
      *opened.supernet, batches,
      {.archs = command.archs, .random = command.random, .seed = static_cast<uint64_t>(command.seed)}));
}

}  // namespace

void declare_analyze(CLI::App& app, Program& program) {
  need_sub_command(app);
  auto command = std::make_shared<AnalyzeCommand>();
  CLI::App& sub =
      sub_command(app, "routing",
                  "Losses of architectures, coefficients over architectures, expert distances, route swaps");
  required(path_option(sub, "--run", command->run, "The supernet's run directory"));
  required(path_option(sub, "--data", command->data, "Data directory; losses are over its validation set"));
  choice_option(sub, "--checkpoint", command->checkpoint, {"best", "last", "average"}, "Whose weights");
  integer_option(sub, "--archs", command->archs, 2, 100000,
                 "Architectures the coefficients are looked at over");
  integer_option(sub, "--random", command->random, 1, 100000, "Random architectures whose loss is averaged");
  integer_option(sub, "--valid-pairs", command->valid_pairs, 0, 1 << 30, "Validation pairs, 0: all");
  integer_option(sub, "--seed", command->seed, 0, 1 << 30, "Of the architectures");
  threads_option(sub);
  json_flag(sub, program);
  examples(sub, {"mosaic analyze routing --run runs/neuron --data data"});
  on_chosen(sub, program, [command] { analyze_routing(*command); });
}

}  // namespace mosaic::apps
