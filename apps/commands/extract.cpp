// mosaic extract: a static model of one architecture of a supernet.
#include "apps/commands/commands.h"
#include "apps/common/searching.h"
#include "nn/module.h"

namespace mosaic::apps {
namespace {

struct ExtractCommand {
  std::filesystem::path run, out;
  std::string arch, checkpoint = "best";
  bool force = false;
};

void extract(const ExtractCommand& command, const Program& program) {
  SupernetRun from = open_supernet(command.run, command.checkpoint);
  const mos::Arch arch = arch_from_file(from.supernet->space(), command.arch);
  const auto model = extract_checked(*from.supernet, arch);
  ModelFacts facts = from.facts;
  facts.arch = arch.to_json();
  facts.made = {{"command", "extract"},
                {"run", path_text(command.run)},
                {"checkpoint", path_text(from.checkpoint)},
                {"weights", command.checkpoint},
                {"supernet", from.hash}};
  save_model(command.out, *model, from.subwords, facts, command.force);
  const int64_t parameters = nn::parameter_count(*model);
  say(command.out.string(), ": ", with_thousands(parameters),
      " parameters; its logits equal the supernet's bit by bit");
  if (program.json)
    put_json({{"model", path_text(command.out)},
              {"parameters", mos::parameters(from.supernet->space(), arch)},
              {"parameters_exact", parameters},
              {"arch", facts.arch},
              {"max_abs_difference", 0}});
}

}  // namespace

void declare_extract(CLI::App& app, Program& program) {
  auto command = std::make_shared<ExtractCommand>();
  required(path_option(app, "--run", command->run, "The supernet's run directory"));
  required(text_option(app, "--arch", command->arch,
                       "Architecture file, a search's directory, largest or smallest"));
  required(path_option(app, "-o,--out", command->out, "Model directory to make"));
  choice_option(app, "--checkpoint", command->checkpoint, {"best", "last", "average"},
                "Weights of the supernet");
  flag(app, "--force", command->force, "Replace the model in the directory");
  json_flag(app, program);
  examples(app, {"mosaic extract --run runs/neuron --arch runs/search --out models/fast"});
  on_chosen(app, program, [command, &program] { extract(*command, program); });
}

}  // namespace mosaic::apps
