// mosaic extract: a static model of one architecture of a supernet.
#include "apps/commands/commands.h"
#include "apps/common/hf_bert.h"
#include "apps/common/searching.h"
#include "nn/module.h"

namespace mosaic::apps {
namespace {

struct ExtractCommand {
  std::filesystem::path run, model, out;
  std::string arch, checkpoint = "best", format = "mosaic";
  bool compose = false, force = false;
};

json made_by(const ExtractCommand& command, const auto& from) {
  return {{"command", "extract"},
          {"run", path_text(command.run)},
          {"checkpoint", path_text(from.checkpoint)},
          {"weights", command.checkpoint},
          {"supernet", from.hash}};
}

// The result for machines, told to people.
json extracted(const ExtractCommand& command, const mos::Space& space, const mos::Arch& arch,
               nn::Module& model) {
  const int64_t parameters = nn::parameter_count(model);
  say(command.out.string(), ": ", with_thousands(parameters), " parameters; its logits equal the supernet's ",
      command.compose ? "but for the rounding of composed bottlenecks" : "bit by bit");
  json result = {{"model", path_text(command.out)},
                 {"parameters", mos::parameters(space, arch)},
                 {"parameters_exact", parameters},
                 {"arch", arch.to_json()}};
  if (!command.compose) result["max_abs_difference"] = 0;
  return result;
}

json extract_translation(const ExtractCommand& command) {
  check<UsageError>(command.format == "mosaic", "--format", "hf is for BERT");
  check<UsageError>(!command.compose, "--compose", "is for a BERT with bottlenecks");
  SupernetRun from = open_supernet(command.run, command.checkpoint);
  const mos::Arch arch = arch_from_file(from.supernet->space(), command.arch);
  const auto model = extract_checked(*from.supernet, arch);
  ModelFacts facts = from.facts;
  facts.arch = arch.to_json();
  facts.made = made_by(command, from);
  save_model(command.out, *model, from.subwords, facts, command.force);
  return extracted(command, from.supernet->space(), arch, *model);
}

// The same function with consecutive bottlenecks multiplied into one map (--compose).
std::unique_ptr<nn::Bert> composed(const ExtractCommand& command, std::unique_ptr<nn::Bert> model) {
  return command.compose ? nn::compose_bottlenecks(*model) : std::move(model);
}

void save_as(const ExtractCommand& command, nn::Bert& model, const data::WordPiece& wordpiece,
             const BertFacts& facts) {
  if (command.format == "hf")
    save_hf_bert(command.out, model, wordpiece, facts.labels, command.force);
  else
    save_bert(command.out, model, wordpiece, facts, command.force);
}

json extract_bert(const ExtractCommand& command) {
  SuperBertRun from = open_super_bert(command.run, command.checkpoint);
  const mos::Arch arch = arch_from_file(from.supernet->space(), command.arch);
  const auto model = composed(command, extract_checked(*from.supernet, arch));
  BertFacts facts = from.facts;
  facts.arch = arch.to_json();
  facts.made = made_by(command, from);
  save_as(command, *model, from.wordpiece, facts);
  return extracted(command, from.supernet->space(), arch, *model);
}

// A model directory in the other format: what was trained further or fine-tuned goes to other tools, too.
json convert_bert(const ExtractCommand& command) {
  check<UsageError>(command.run.empty() && command.arch.empty(), "--model",
                    "is a whole model; leave out --run and --arch");
  StaticBert from = open_bert(command.model);
  const auto model = composed(command, std::move(from.model));
  save_as(command, *model, from.wordpiece, from.facts);
  const int64_t parameters = nn::parameter_count(*model);
  say(command.out.string(), ": ", with_thousands(parameters), " parameters");
  return {{"model", path_text(command.out)}, {"parameters_exact", parameters}, {"arch", from.facts.arch}};
}

json make(const ExtractCommand& command) {
  if (!command.model.empty()) return convert_bert(command);
  check<UsageError>(!command.run.empty() && !command.arch.empty(), "--run",
                    "and --arch are needed (or --model, to convert a BERT)");
  return supernet_kind(command.run) == "bert" ? extract_bert(command) : extract_translation(command);
}

void extract(const ExtractCommand& command, const Program& program) {
  const json result = make(command);
  if (program.json) put_json(result);
}

}  // namespace

void declare_extract(CLI::App& app, Program& program) {
  auto command = std::make_shared<ExtractCommand>();
  path_option(app, "--run", command->run, "The supernet's run directory");
  text_option(app, "--arch", command->arch, "Architecture file, a search's directory, largest or smallest");
  path_option(app, "--model", command->model, "Or a BERT's model directory, to be written in another format");
  required(path_option(app, "-o,--out", command->out, "Model directory to make"));
  choice_option(app, "--checkpoint", command->checkpoint, {"best", "last", "average"},
                "Weights of the supernet");
  choice_option(app, "--format", command->format, {"mosaic", "hf"}, "hf: a BERT as a Hugging Face directory");
  flag(app, "--compose", command->compose,
       "Multiply consecutive bottlenecks of a BERT into one map: fewer parameters, the same function");
  flag(app, "--force", command->force, "Replace the model in the directory");
  json_flag(app, program);
  examples(app, {"mosaic extract --run runs/neuron --arch runs/search --out models/fast",
                 "mosaic extract --run runs/bert --arch largest --format hf --out bert-for-transformers",
                 "mosaic extract --model runs/glue/RTE/model --format hf --out rte-for-transformers"});
  on_chosen(app, program, [command, &program] { extract(*command, program); });
}

}  // namespace mosaic::apps
