// mosaic evaluate: BLEU and loss of a model on a test set, perplexity of a BERT.
#include <cmath>

#include "apps/commands/commands.h"
#include "apps/common/evaluating.h"
#include "apps/common/mlm_data.h"
#include "apps/common/model_options.h"
#include "data/text/lines.h"

namespace mosaic::apps {
namespace {

struct EvaluateCommand {
  ModelCommand model;
  std::filesystem::path source, reference, data, hypotheses;
  std::string split = "test";
};

// The loss and perplexity of a BERT over the validation sequences of a data directory, under their fixed
// masks.
json evaluate_bert(const EvaluateCommand& command) {
  check<UsageError>(!command.data.empty() && command.source.empty() && command.reference.empty(), "--data",
                    "is needed to evaluate a BERT: a directory made by mosaic data mlm");
  const MlmData data = open_mlm_data(command.data);
  const StaticBert bert = open_static_bert(command.model);
  check<FormatError>(data.vocabulary_hash() == bert.vocabulary_hash(), command.data.c_str(),
                     "has another vocabulary than the model was trained with");
  const auto batches = validation_set(data, {}, command.model.rows * data.corpus.valid().length(), 0);
  json result = nas::evaluate(*bert.model, batches).to_json();
  result["sequences"] = data.corpus.valid().size();
  return result;
}

void tell(const json& scores, const Program& program) {
  if (program.json) return put_json(scores);
  for (const auto& item : scores.items()) put(cat(item.key(), "\t", item.value().dump(), "\n"));
}

void evaluate(const EvaluateCommand& command, const Program& program) {
  if (is_bert(command.model)) return tell(evaluate_bert(command), program);
  check<UsageError>(
      command.data.empty() != command.source.empty() && command.source.empty() == command.reference.empty(),
      "--source", "and --reference, or --data, are needed");
  const StaticModel model = open(command.model);
  std::filesystem::path source = command.source, reference = command.reference;
  if (!command.data.empty()) {
    const PreparedData data = open_data(command.data);
    source = data.file(command.split, true);
    reference = data.file(command.split, false);
  }
  const std::vector<data::SentencePair> pairs =
      data::read_parallel(source, reference, {.empty = data::EmptyLines::keep, .lines = {}}).pairs;
  const Evaluation result =
      evaluate_model(*model.model, model.subwords, pairs, translate_options(command.model, model.facts));
  if (!command.hypotheses.empty()) data::write_lines(command.hypotheses, result.hypotheses);
  tell(result.scores, program);
}

}  // namespace

void declare_evaluate(CLI::App& app, Program& program) {
  auto command = std::make_shared<EvaluateCommand>();
  model_options(app, command->model);
  path_option(app, "--source", command->source, "Source sentences");
  path_option(app, "--reference", command->reference, "Their translations");
  path_option(app, "--data", command->data, "Or a data directory");
  choice_option(app, "--split", command->split, {"test", "valid", "train"}, "Of the data directory");
  path_option(app, "--hypotheses", command->hypotheses, "Write the translations here");
  json_flag(app, program);
  examples(app, {"mosaic evaluate --model models/fast --source test.en --reference test.de --json",
                 "mosaic evaluate --model models/bert --data text"});
  on_chosen(app, program, [command, &program] { evaluate(*command, program); });
}

}  // namespace mosaic::apps
