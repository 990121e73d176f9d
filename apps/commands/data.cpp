// mosaic data: prepare, check and describe data directories.
#include "apps/commands/commands.h"
#include "apps/common/mlm_data.h"
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

struct MlmCommand {
  MlmPrepareOptions options;
  std::filesystem::path directory;
  std::vector<std::string> texts, valid;
  std::string document_end = "blank-line";
  int64_t seed = 1;
  bool split_sentences = false;
};

void prepare_mlm(MlmCommand& command, const Program& program) {
  MlmPrepareOptions& options = command.options;
  options.texts.assign(command.texts.begin(), command.texts.end());
  options.valid.assign(command.valid.begin(), command.valid.end());
  data::MlmCorpusOptions& corpus = options.corpus;
  corpus.document_end =
      command.document_end == "line" ? data::DocumentEnd::line : data::DocumentEnd::blank_line;
  corpus.packing.whole_sentences = !command.split_sentences;
  corpus.packing.seed = static_cast<uint64_t>(command.seed);
  if (!options.valid.empty()) corpus.valid_share = 0;
  prepare_mlm_data(options, command.directory);
  json result = mlm_statistics(open_mlm_data(command.directory));
  result["directory"] = path_text(command.directory);
  for (const auto& item : result["splits"].items())
    say(item.key(), ": ", with_thousands(item.value()["sequences"].get<int64_t>()), " sequences, ",
        with_thousands(item.value()["tokens"].get<int64_t>()), " tokens");
  if (program.json) put_json(result);
}

void declare_mlm(CLI::App& app, Program& program) {
  auto command = std::make_shared<MlmCommand>();
  MlmPrepareOptions& options = command->options;
  data::MlmCorpusOptions& corpus = options.corpus;
  CLI::App& sub =
      sub_command(app, "mlm", "Make a data directory for BERT: word pieces, packed sequences, hashes");
  required(path_option(sub, "-o,--out", command->directory, "The directory to make"));
  texts_option(sub, "--text", command->texts, "Text file, plain or .gz; may be repeated");
  texts_option(sub, "--source", options.sources,
               "Debian package whose English text is used: libreoffice-help, debian-descriptions, anarchism; "
               "may be repeated");
  path_option(sub, "--root", options.root, "Where the Debian packages lie unpacked or installed [/]");
  path_option(sub, "--lists", options.lists, "Where apt's Translation-en lies [/var/lib/apt/lists]");
  texts_option(sub, "--valid", command->valid, "Text that is kept for validation; may be repeated");
  number_option(sub, "--valid-share", corpus.valid_share, 0, 0.5,
                "Share of the documents kept for validation when there is no --valid");
  choice_option(sub, "--documents", command->document_end, {"blank-line", "line"}, "Where a document ends");
  path_option(sub, "--vocab", options.vocabulary_file, "vocab.txt to use instead of learning one");
  integer_option(sub, "--vocabulary", options.vocabulary, 100, 1000000, "Word pieces to learn");
  flag(sub, "--cased", options.cased, "Keep case and accents");
  integer_option(sub, "--length", corpus.packing.length, 8, 65535, "Tokens of a sequence");
  flag(sub, "--cross-documents", corpus.packing.cross_documents, "Sequences go on over the end of documents");
  flag(sub, "--split-sentences", command->split_sentences, "Cut sentences where a sequence is full");
  number_option(sub, "--short-sequences", corpus.packing.short_sequences, 0, 1,
                "Probability of a sequence of random shorter length");
  integer_option(sub, "--seed", command->seed, 0, INT64_MAX, "Of the short lengths");
  flag(sub, "--force", corpus.overwrite, "Make it anew when it is there already");
  threads_option(sub);
  json_flag(sub, program);
  examples(sub, {"mosaic data mlm --source libreoffice-help --source debian-descriptions --out text",
                 "mosaic data mlm --text books.txt.gz --text news.txt --vocabulary 8000 --out text",
                 "mosaic data mlm --text books.txt.gz --vocab bert/vocab.txt --out text"});
  on_chosen(sub, program, [command, &program] { prepare_mlm(*command, program); });
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

  declare_mlm(app, program);

  CLI::App& checking = sub_command(app, "check", "Whether a data directory is complete and unchanged");
  required(path_option(checking, "directory", command->directory, "Data directory"));
  on_chosen(checking, program, [command] {
    const std::string hash = data_kind(command->directory) == "mlm" ? open_mlm_data(command->directory).hash()
                                                                    : open_data(command->directory).hash();
    say(command->directory.string(), ": complete and unchanged (", hash, ")");
  });

  CLI::App& statistics = sub_command(app, "stats", "Sentences, words and subwords of a data directory");
  required(path_option(statistics, "directory", command->directory, "Data directory"));
  json_flag(statistics, program);
  on_chosen(statistics, program, [command, &program] {
    tell_statistics(data_kind(command->directory) == "mlm" ? mlm_statistics(open_mlm_data(command->directory))
                                                           : data_statistics(open_data(command->directory)),
                    program.json);
  });
}

}  // namespace mosaic::apps
