// mosaic space: architectures of a search space, without a model.
#include "mos/space.h"
#include "apps/commands/commands.h"
#include "mos/cost.h"
#include "mos/encoding.h"

namespace mosaic::apps {
namespace {

struct SpaceCommand {
  std::string space, which = "random", encoding = "coarse";
  std::filesystem::path arch;
  int64_t count = 1, seed = 1, source_length = 30, target_length = 30;
  std::optional<int64_t> vocabulary, target_vocabulary;
};

// The (joint) vocabularies the spaces are meant for.
int64_t usual_vocabulary(const mos::Space& space) {
  if (space.model() == "bert") return static_cast<int64_t>(space.fixed("vocabulary"));
  if (space.name() == "wmt") return 32768;
  if (space.name() == "iwslt") return 10000;
  if (space.name() == "tiny") return 4000;
  return 2000;
}

void list_spaces() {
  for (const std::string& name : mos::space_names())
    put(cat(name, "\t", mos::space_named(name).about(), "\n"));
}

void sample(const SpaceCommand& command) {
  const mos::Space space = mos::space_named(command.space);
  if (command.which == "largest") return put_json(space.largest().to_json());
  if (command.which == "smallest") return put_json(space.smallest().to_json());
  Generator generator = Generator(static_cast<uint64_t>(command.seed)).fork("space");
  for (int64_t i = 0; i < command.count; ++i) put_json(space.sample(generator).to_json());
}

json numbers(const std::vector<double>& values) {
  json out = json::array();
  for (const double value : values) out.push_back(mos::number_json(value));
  return out;
}

void describe(const SpaceCommand& command, bool as_json) {
  const mos::Space space = mos::space_named(command.space);
  const mos::Arch arch = mos::load_arch(space, command.arch);
  const int64_t source = command.vocabulary.value_or(usual_vocabulary(space));
  const mos::Vocabulary vocabulary{.source = source,
                                   .target = command.target_vocabulary.value_or(source),
                                   .joined = !command.target_vocabulary};
  const mos::Parameters parts = mos::parameters_exact(space, arch, vocabulary);
  const mos::Flops flops = mos::flops(
      space, arch, {.source = command.source_length, .target = command.target_length}, vocabulary.target);
  json out = {{"space", space.name()},
              {"arch", arch.to_json()},
              {"parameters", mos::parameters(space, arch)},
              {"parameters_exact", parts.total()},
              {"parameters_without_embeddings", parts.total() - parts.embeddings},
              {"vocabulary", vocabulary.source},
              {"flops", flops.body()},
              {"flops_output", flops.output},
              {"encoding", numbers(mos::encode(space, arch, mos::Encoding::coarse))},
              {"fine_encoding", numbers(mos::encode(space, arch, mos::Encoding::fine))}};
  if (as_json) return put_json(out);
  for (const auto& item : out.items()) put(cat(item.key(), "\t", item.value().dump(), "\n"));
}

CLI::App& space_command(CLI::App& app, const char* name, const char* help, SpaceCommand& command) {
  CLI::App& sub = sub_command(app, name, help);
  required(text_option(sub, "--space", command.space,
                       "A name of `mosaic space list` (wmt, nano, bert-bottleneck, ...), or a JSON file"));
  return sub;
}

}  // namespace

void declare_space(CLI::App& app, Program& program) {
  need_sub_command(app);
  auto command = std::make_shared<SpaceCommand>();
  CLI::App& list = sub_command(app, "list", "The built-in spaces");
  on_chosen(list, program, list_spaces);

  CLI::App& count = space_command(app, "count", "How many architectures there are", *command);
  examples(count, {"mosaic space count --space wmt"});
  on_chosen(count, program,
            [command] { put(mos::count_text(mos::space_named(command->space).count()) + "\n"); });

  CLI::App& sampling = space_command(app, "sample", "Architectures as JSON, one a line", *command);
  choice_option(sampling, "--which", command->which, {"random", "largest", "smallest"}, "Which");
  integer_option(sampling, "--count", command->count, 1, 10000000, "How many random ones");
  integer_option(sampling, "--seed", command->seed, 0, INT64_MAX, "Of the draws");
  on_chosen(sampling, program, [command] { sample(*command); });

  CLI::App& encoding =
      space_command(app, "encode", "What routers and predictors see of an architecture", *command);
  required(path_option(encoding, "--arch", command->arch, "Architecture file"));
  choice_option(encoding, "--encoding", command->encoding, {"coarse", "fine"}, "Means, or every layer");
  on_chosen(encoding, program, [command] {
    const mos::Space space = mos::space_named(command->space);
    put_json(numbers(
        mos::encode(space, mos::load_arch(space, command->arch), mos::encoding_named(command->encoding))));
  });

  CLI::App& description =
      space_command(app, "describe", "Parameters, FLOPs and encodings of an architecture", *command);
  required(path_option(description, "--arch", command->arch, "Architecture file"));
  integer_option(description, "--vocabulary", command->vocabulary, 0, INT32_MAX,
                 "Joint vocabulary [the space's usual]");
  integer_option(description, "--target-vocabulary", command->target_vocabulary, 0, INT32_MAX,
                 "Target vocabulary, when source and target have tables of their own");
  integer_option(description, "--source-length", command->source_length, 1, 100000,
                 "Source tokens, for FLOPs");
  integer_option(description, "--target-length", command->target_length, 1, 100000,
                 "Target tokens, for FLOPs");
  json_flag(description, program);
  examples(description, {"mosaic space sample --space tiny --which largest > largest.json",
                         "mosaic space describe --space tiny --arch largest.json"});
  on_chosen(description, program, [command, &program] { describe(*command, program.json); });
}

}  // namespace mosaic::apps
