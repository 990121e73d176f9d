// mosaic analyze: what a trained supernet's mixture does.
#include "apps/commands/commands.h"
#include "apps/common/models.h"
#include "apps/common/prepared.h"
#include "apps/common/sentences.h"
#include "engine/autograd/node.h"
#include "nas/model_loss.h"

namespace mosaic::apps {
namespace {

struct AnalyzeCommand {
  std::filesystem::path run, data;
  std::string checkpoint = "best";
  int64_t archs = 100, random = 10, valid_pairs = 300, max_tokens = 4096, seed = 1;
};

// Validation losses: {"largest", "smallest", "random" (list), "random_mean"}.
json losses(mos::Supernet& supernet, const std::vector<mos::Arch>& random, const mos::SelectionLoss& loss) {
  const NoGrad off;
  const auto of = [&](const mos::Arch& arch) {
    mos::Selection selection = supernet.select(arch);
    return loss(selection);
  };
  json out = {{"largest", of(supernet.space().largest())}, {"smallest", of(supernet.space().smallest())}};
  double sum = 0;
  json each = json::array();
  for (const mos::Arch& arch : random) {
    each.push_back(of(arch));
    sum += each.back().get<double>();
  }
  out["random_mean"] = sum / static_cast<double>(random.size());
  out["random"] = std::move(each);
  return out;
}

void analyze_routing(const AnalyzeCommand& command) {
  const SupernetRun opened = open_supernet(command.run, command.checkpoint);
  mos::Supernet& supernet = *opened.supernet;
  const PreparedData data = open_data(command.data);
  std::vector<data::Example> valid = data.examples("valid");
  if (command.valid_pairs > 0 && valid.size() > static_cast<size_t>(command.valid_pairs))
    valid.resize(static_cast<size_t>(command.valid_pairs));
  const auto batches = validation_batches(valid, {.max_tokens = command.max_tokens, .drop_long = true});
  const mos::SelectionLoss loss = nas::selection_loss(batches);
  const auto seed = static_cast<uint64_t>(command.seed);
  const std::vector<mos::Arch> archs = mos::diagnostic_archs(supernet.space(), command.archs, seed);
  const std::vector<mos::Arch> random = mos::diagnostic_archs(supernet.space(), command.random, seed + 1);
  json out = {{"mixture", mos::mixture_json(supernet.options().mixture)},
              {"validation_loss", losses(supernet, random, loss)}};
  if (supernet.mixes()) {
    out["mixture_report"] = mos::mixture_report(supernet, archs);
    out["routing"] = mos::routing_report(supernet, archs);
    out["route_swap_largest"] =
        mos::route_swap(supernet, supernet.space().largest(), random.front(), archs, loss);
    out["route_swap_smallest"] =
        mos::route_swap(supernet, supernet.space().smallest(), random.front(), archs, loss);
  }
  put_json(out);
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
  examples(sub, {"mosaic analyze routing --run runs/neuron --data data"});
  on_chosen(sub, program, [command] { analyze_routing(*command); });
}

}  // namespace mosaic::apps
