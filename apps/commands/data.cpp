// mosaic data: prepare, check and describe data directories.
#include "apps/commands/commands.h"
#include "apps/common/prepared.h"

namespace mosaic::apps {
namespace {

struct DataCommand {
  PrepareOptions options;
  std::string languages = "en-de";
  std::filesystem::path directory, pairs;
};

void prepare(DataCommand& command, const Program& program) {
  PrepareOptions& options = command.options;
  const std::vector<std::string> languages = split(command.languages, '-');
  check<UsageError>(languages.size() == 2 && !languages[0].empty() && !languages[1].empty() &&
                        languages[0] != languages[1] && command.languages.find('/') == std::string::npos,
                    "--languages", "\"", command.languages, "\" is not of the form en-de");
  options.source_language = languages[0];
  options.target_language = languages[1];
  if (!command.pairs.empty()) {
    check<UsageError>(options.source == "parallel" && options.train.empty(), "--pairs",
                      "is a source of its own; leave out --source and --train");
    options.source = "pairs";
    options.train = command.pairs;
  } else if (options.source == "parallel") {
    for (const auto& [name, path] :
         {std::pair{"--train", &options.train}, {"--valid", &options.valid}, {"--test", &options.test}})
      check<UsageError>(!path->empty(), name, "is needed: the prefix of two files PREFIX.", languages[0],
                        " and PREFIX.", languages[1], " (or choose --pairs or --source)");
  } else {
    check<UsageError>(options.train.empty() && options.valid.empty() && options.test.empty(), "--source",
                      options.source, " brings its own text; leave out --train, --valid and --test");
  }
  const json facts = prepare_data(options, command.directory);
  const PreparedData prepared = open_data(command.directory);
  json result = data_statistics(prepared);
  result["directory"] = path_text(command.directory);
  for (const auto& item : result["splits"].items())
    say(item.key(), ": ", item.value()["pairs"].dump(), " pairs, ", item.value()["target_subwords"].dump(),
        " target subwords");
  if (program.json) put_json(result);
}

void tell_statistics(const json& statistics, bool as_json) {
  if (as_json) return put_json(statistics);
  for (const auto& item : statistics["splits"].items()) {
    put(item.key());
    for (const auto& number : item.value().items()) put(cat("\t", number.key(), " ", number.value().dump()));
    put("\n");
  }
}

}  // namespace

void declare_data(CLI::App& app, Program& program) {
  need_sub_command(app);
  auto command = std::make_shared<DataCommand>();
  PrepareOptions& options = command->options;

  CLI::App& preparing = sub_command(app, "prepare", "Make a data directory: splits, joint subwords, hashes");
  required(path_option(preparing, "-o,--out", command->directory, "The directory to make"));
  choice_option(preparing, "--source", options.source,
                {"parallel", "libreoffice-help", "debian-descriptions"}, "Where the text comes from");
  text_option(preparing, "--languages", command->languages, "Source and target, file endings [en-de]");
  path_option(preparing, "--train", options.train,
              "Prefix of the training files (PREFIX.en, PREFIX.de, or .gz)");
  path_option(preparing, "--valid", options.valid, "Prefix of the validation files");
  path_option(preparing, "--test", options.test, "Prefix of the test files");
  path_option(preparing, "--pairs", command->pairs, "One file, source TAB target a line, to be split here");
  path_option(preparing, "--root", options.root, "Where the Debian packages lie unpacked or installed [/]");
  path_option(preparing, "--lists", options.lists, "Where apt's Translation files lie [/var/lib/apt/lists]");
  integer_option(preparing, "--valid-size", options.valid_size, 1, 1000000, "Pairs set aside for validation");
  integer_option(preparing, "--test-size", options.test_size, 1, 1000000, "Pairs set aside for testing");
  integer_option(preparing, "--max-train", options.max_train, 0, INT64_MAX,
                 "Keep so many training pairs, 0: all");
  integer_option(preparing, "--vocabulary", options.vocabulary, 8, 1000000, "Joint subwords");
  integer_option(preparing, "--max-words", options.max_words, 0, 1000000,
                 "Drop longer training pairs, 0: none");
  flag(preparing, "--lowercase", options.lowercase, "Lower-case the text");
  flag(preparing, "--force", options.overwrite, "Make it anew when it is there already");
  threads_option(preparing);
  json_flag(preparing, program);
  examples(preparing,
           {"mosaic data prepare --train corpus/train --valid corpus/val --test corpus/test --out data",
            "mosaic data prepare --source libreoffice-help --root corpus --vocabulary 2000 --out data"});
  on_chosen(preparing, program, [command, &program] { prepare(*command, program); });

  CLI::App& checking = sub_command(app, "check", "Whether a data directory is complete and unchanged");
  required(path_option(checking, "directory", command->directory, "Data directory"));
  on_chosen(checking, program, [command] {
    const PreparedData prepared = open_data(command->directory);
    say(command->directory.string(), ": complete and unchanged (", prepared.hash(), ")");
  });

  CLI::App& statistics = sub_command(app, "stats", "Sentences, words and subwords of a data directory");
  required(path_option(statistics, "directory", command->directory, "Data directory"));
  json_flag(statistics, program);
  on_chosen(statistics, program, [command, &program] {
    tell_statistics(data_statistics(open_data(command->directory)), program.json);
  });
}

}  // namespace mosaic::apps
