// mosaic analyze: what a trained supernet's mixture does.
#include "apps/commands/commands.h"
#include "apps/common/bert_models.h"
#include "apps/common/diagnosing.h"
#include "apps/common/mlm_data.h"
#include "apps/common/models.h"
#include "apps/common/prepared.h"
#include "apps/common/sentences.h"

namespace mosaic::apps {
namespace {

struct AnalyzeCommand {
  std::filesystem::path run, data;
  std::string checkpoint = "best";
  int64_t archs = 100, random = 10, valid_examples = 300, max_tokens = 4096, seed = 1;
};

void analyze_routing(const AnalyzeCommand& command) {
  const DiagnoseOptions options{
      .archs = command.archs, .random = command.random, .seed = static_cast<uint64_t>(command.seed)};
  if (supernet_kind(command.run) == "bert") {
    const SuperBertRun opened = open_super_bert(command.run, command.checkpoint);
    const MlmData data = open_mlm_data(command.data);
    const int64_t rows = std::max<int64_t>(1, command.max_tokens / data.corpus.valid().length());
    return put_json(
        diagnose(*opened.supernet, mlm_validation_batches(data, {}, rows, command.valid_examples), options));
  }
  const SupernetRun opened = open_supernet(command.run, command.checkpoint);
  const PreparedData data = open_data(command.data);
  std::vector<data::Example> valid = data.examples("valid");
  if (command.valid_examples > 0 && valid.size() > static_cast<size_t>(command.valid_examples))
    valid.resize(static_cast<size_t>(command.valid_examples));
  put_json(diagnose(*opened.supernet,
                    validation_batches(valid, {.max_tokens = command.max_tokens, .drop_long = true}),
                    options));
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
  integer_option(sub, "--valid-examples", command->valid_examples, 0, 1 << 30,
                 "Validation pairs or sequences, 0: all");
  integer_option(sub, "--seed", command->seed, 0, 1 << 30, "Of the architectures");
  threads_option(sub);
  json_flag(sub, program);
  examples(sub, {"mosaic analyze routing --run runs/neuron --data data"});
  on_chosen(sub, program, [command] { analyze_routing(*command); });
}

}  // namespace mosaic::apps
