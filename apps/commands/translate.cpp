// mosaic translate: lines of text in, lines of text out.
#include "apps/commands/commands.h"
#include "apps/common/model_options.h"
#include "data/text/lines.h"

namespace mosaic::apps {
namespace {

struct TranslateCommand {
  ModelCommand model;
  std::vector<std::string> inputs;
  std::filesystem::path output;
  bool scores = false, lowercase = false;
  int64_t chunk = 4096;
};

void translate(const TranslateCommand& command, const Program& program) {
  const StaticModel model = open(command.model);
  const TranslateOptions options = translate_options(command.model, model.facts);
  const std::vector<std::string> inputs =
      command.inputs.empty() ? std::vector<std::string>{"-"} : command.inputs;
  int64_t sentences = 0, tokens = 0;
  double seconds = 0;
  std::vector<std::string> kept;  // for --output, which is written whole or not at all
  for (const std::string& input : inputs) {
    data::LineReader reader(input);
    std::vector<std::string> lines;
    const auto flush = [&] {
      const Translations done = translate_lines(*model.model, model.subwords, lines, options);
      for (size_t i = 0; i < lines.size(); ++i) {
        const std::string line =
            command.scores ? fixed(done.scores[i], 4) + "\t" + done.lines[i] : done.lines[i];
        if (command.output.empty())
          put(line + "\n");
        else
          kept.push_back(line);
      }
      sentences += static_cast<int64_t>(lines.size());
      tokens += done.tokens;
      seconds += done.seconds;
      lines.clear();
    };
    for (std::string line; reader.next(line);) {
      lines.push_back(line);
      if (static_cast<int64_t>(lines.size()) == command.chunk) flush();
    }
    flush();
  }
  if (!command.output.empty()) data::write_lines(command.output, kept);
  const double speed = seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
  say(sentences, " sentences, ", tokens, " tokens, ", fixed(speed, 0), " tokens/s");
  if (program.json)
    put_json(
        {{"sentences", sentences}, {"tokens", tokens}, {"seconds", seconds}, {"tokens_per_second", speed}});
}

}  // namespace

void declare_translate(CLI::App& app, Program& program) {
  auto command = std::make_shared<TranslateCommand>();
  model_options(app, command->model);
  words(app, "inputs", command->inputs, "Files to translate, - or none for standard input");
  path_option(app, "-o,--output", command->output, "Write here instead of to standard output");
  flag(app, "--scores", command->scores, "Score, tab, translation");
  json_flag(app, program);
  examples(app, {"echo 'Click OK.' | mosaic translate --model models/fast",
                 "mosaic translate --model models/fast --beam 8 -o hypotheses.de test.en"});
  on_chosen(app, program, [command, &program] { translate(*command, program); });
}

}  // namespace mosaic::apps
