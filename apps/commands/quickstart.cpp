// mosaic quickstart: the main job end to end.
#include "apps/common/quickstart.h"
#include "apps/commands/commands.h"
#include "apps/common/config.h"

namespace mosaic::apps {
namespace {

struct QuickstartCommand {
  std::filesystem::path out = "quickstart", root, train, valid, test;
  std::string scale = "default", languages, source;
  std::vector<std::string> assignments;
  std::optional<int64_t> seed, updates, pairs;
  std::optional<double> max_time, limit;
  bool force = false;
};

json plan_of(const QuickstartCommand& command) {
  json plan = quickstart_plan(command.scale);
  if (command.updates) limit_updates(plan, *command.updates);
  if (command.pairs) limit_pairs(plan, *command.pairs);
  json& corpus = plan["corpus"];
  if (!command.root.empty()) corpus["root"] = command.root.string();
  if (!command.source.empty()) corpus["source"] = command.source;
  if (!command.languages.empty()) corpus["languages"] = command.languages;
  if (!command.train.empty()) {
    check<UsageError>(!command.valid.empty() && !command.test.empty(), "--train",
                      "needs --valid and --test beside it");
    corpus["source"] = "parallel";
    corpus["train"] = command.train.string();
    corpus["valid"] = command.valid.string();
    corpus["test"] = command.test.string();
  }
  if (command.seed) plan["train"]["seed"] = plan["finetune"]["seed"] = *command.seed;
  if (command.limit) plan["latency"]["limit_ms"] = *command.limit;
  if (command.max_time) {
    plan["train"]["training"]["max_seconds"] = *command.max_time * 0.85;
    plan["finetune"]["training"]["max_seconds"] = *command.max_time * 0.15;
  }
  for (const std::string& assignment : command.assignments)
    lay_over(plan, parse_assignment(assignment), "--set");
  return plan;
}

void quickstart(const QuickstartCommand& command, const Program& program) {
  const json result = run_quickstart(command.out, plan_of(command), command.force);
  if (program.json) return put_json(result);
  const json samples = load_json(command.out / "results" / "quickstart.json")["samples"];
  for (const json& sample : samples)
    put(cat("  ", sample["source"].get<std::string>(), "\n  = ", sample["translation"].get<std::string>(),
            "\n  (", sample["reference"].get<std::string>(), ")\n\n"));
  const auto number = [&](const char* key, int digits) { return fixed(result[key].get<double>(), digits); };
  put(cat("BLEU on ", "the test set: ", number("bleu_finetuned", 2), " trained further, ",
          number("bleu_inherited", 2), " inherited, ", number("bleu_supernet", 2),
          " the supernet's largest\n", "latency: limit ", number("latency_ms_limit", 2), " ms, promised ",
          number("latency_ms_predicted", 2), " ms, measured ", number("latency_ms_measured", 2), " ms, on ",
          result["device"].get<std::string>(), "\n", "model:  ", result["model"].get<std::string>(),
          "\nreport: ", result["report"].get<std::string>(), "\n"));
}

}  // namespace

void declare_quickstart(CLI::App& app, Program& program) {
  auto command = std::make_shared<QuickstartCommand>();
  path_option(app, "-o,--out", command->out, "Directory to work in [quickstart]");
  choice_option(app, "--scale", command->scale, {"nano", "default"},
                "How much of it: a minute, or a quarter of an hour");
  choice_option(app, "--source", command->source, {"libreoffice-help", "debian-descriptions"},
                "Corpus [libreoffice-help]");
  path_option(app, "--root", command->root, "Where the Debian packages lie unpacked or installed [/]");
  text_option(app, "--languages", command->languages, "Source and target [en-de]");
  path_option(app, "--train", command->train, "Own text instead: prefix of the training files");
  path_option(app, "--valid", command->valid, "Prefix of the validation files");
  path_option(app, "--test", command->test, "Prefix of the test files");
  number_option(app, "--latency-limit-ms", command->limit, 1e-6, 1e9,
                "Limit of the search [the median of the measured]");
  integer_option(app, "--updates", command->updates, 1, 1000000000,
                 "Of the supernet; further training takes its share of them, and the warm-up too");
  integer_option(app, "--pairs", command->pairs, 20, 1000000000,
                 "To train on at most; no more than a tenth of them to validate and to test");
  integer_option(app, "--seed", command->seed, 0, INT64_MAX, "Of everything random");
  duration_option(app, "--max-time", command->max_time, "Of training, in all");
  texts_option(app, "--set", command->assignments, "One setting of the plan, as train.training.updates=500");
  flag(app, "--force", command->force, "Begin anew");
  threads_option(app);
  device_option(app);
  json_flag(app, program);
  examples(app, {"mosaic quickstart", "mosaic quickstart --scale nano --root corpus --out quick --json",
                 "mosaic quickstart --scale nano --updates 20 --pairs 400"});
  on_chosen(app, program, [command, &program] { quickstart(*command, program); });
}

}  // namespace mosaic::apps
