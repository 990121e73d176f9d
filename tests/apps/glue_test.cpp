// mosaic finetune glue, on toy tasks in GLUE's formats and random models.
#include <doctest/doctest.h>
#include <signal.h>

#include "apps/common/glue_results.h"
#include "tests/apps/glue_support.h"
#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::cat;
using mosaic::json;
namespace fs = std::filesystem;

namespace {

// A model and a folder of tasks that all cases share.
struct Toys {
  Folder folder;
  Toys() {
    write_toy_glue(folder / "glue", 70, 30);
    write_toy_bert(folder / "bert");
  }
  fs::path glue() const { return folder / "glue"; }
  fs::path bert() const { return folder / "bert"; }
};
const Toys& toys() {
  static const Toys made;
  return made;
}

std::vector<std::string> finetune(const fs::path& out, std::vector<std::string> more) {
  std::vector<std::string> arguments = {"finetune", "glue",       "--glue", toys().glue().string(),
                                        "--out",    out.string(), "--json", "--max-length",
                                        "24"};
  if (std::find(more.begin(), more.end(), "--model") == more.end())
    arguments.insert(arguments.end(), {"--model", toys().bert().string()});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

json checked(const std::vector<std::string>& arguments) {
  const Outcome done = program(arguments);
  INFO(done.err);
  REQUIRE(done.code == 0);
  return done.last_json();
}

// What is said when the command is refused, behind its exit code.
std::string refused(const std::vector<std::string>& arguments) {
  const Outcome done = program(arguments);
  return cat(done.code, " ", done.err);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

int64_t lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

TEST_SUITE("apps/glue") {
  TEST_CASE("tasks, grid and seeds: results, predictions, the best model; resuming does nothing twice") {
    const Folder folder;
    const fs::path out = folder / "run";
    const std::vector<std::string> arguments =
        finetune(out, {"--task", "sts-b", "--task", "cola", "--lr", "1e-3,3e-3", "--batch", "16", "--epochs",
                       "1,2", "--seeds", "2"});
    const json result = checked(arguments);
    CHECK(result == mosaic::load_json(out / "results/glue.json"));
    CHECK(result["start"] == "pretrained");
    CHECK(result["random_init"] == false);
    REQUIRE(result["tasks"].size() == 2);
    const json &cola = result["tasks"][0], &sts = result["tasks"][1];  // in GLUE's order
    CHECK(cola["task"] == "CoLA");
    CHECK(cola["metric"] == "matthews");
    CHECK(sts["metric"] == "pearson");
    CHECK(cola["examples"]["train"]["examples"] == 70);
    CHECK(cola["examples"]["dev"]["CoLA"]["examples"] == 30);
    REQUIRE(sts["settings"].size() == 4);
    CHECK(sts["median"]["of"] == 4);
    for (const json& setting : sts["settings"]) {
      REQUIRE(setting["seeds"].size() == 2);
      const double first = setting["seeds"][0]["scores"][0]["pearson"].get<double>(),
                   second = setting["seeds"][1]["scores"][0]["pearson"].get<double>();
      const json& mean = setting["sets"]["STS-B"]["pearson"];
      CHECK(mean["mean"].get<double>() == doctest::Approx((first + second) / 2));
      CHECK(mean["standard_error"].get<double>() == doctest::Approx(std::abs(first - second) / 2));
      CHECK(setting["main"].get<double>() <= sts["best"]["sets"]["STS-B"]["pearson"]["mean"].get<double>());
      CHECK(setting["sets"]["STS-B"].contains("spearman"));
    }
    // 70 examples in batches of 16: five updates an epoch, the last one of 6 examples.
    CHECK(sts["settings"][0]["seeds"][0]["updates"] == 5);
    CHECK(sts["settings"][1]["seeds"][0]["updates"] == 10);

    const fs::path one = out / "STS-B/lr0.001-b16-e1-s2";
    CHECK(mosaic::load_json(one / "result.json")["scores"] == sts["settings"][0]["seeds"][1]["scores"]);
    CHECK(lines(read(one / "dev/STS-B.txt")) == 30);
    CHECK(!fs::exists(one / "checkpoints"));
    CHECK(!fs::exists(one / "model"));
    CHECK(fs::exists(out / "report.html"));
    for (const char* task : {"CoLA", "STS-B"}) {
      CHECK(lines(read(out / task / "test" / cat(task, ".tsv"))) == 16);
      const json config = mosaic::load_json(out / task / "model/config.json");
      CHECK(config["task"] == task);
      CHECK(config["labels"].size() == (task == std::string("CoLA") ? 2 : 0));
    }
    // The predictions beside a result have its score.
    const json scored = checked({"score", "glue", "sts-b", (one / "dev/STS-B.txt").string(),
                                 (toys().glue() / "STS-B/dev.tsv").string(), "--json"});
    CHECK(scored["pearson"] == sts["settings"][0]["seeds"][1]["scores"][0]["pearson"]);

    const std::string log = read(out / "log.jsonl");
    CHECK(has(refused(arguments), "--resume"));
    std::vector<std::string> again = arguments;
    again.push_back("--resume");
    CHECK(checked(again) == result);
    CHECK(read(out / "log.jsonl") == log);
    // More of the same run; and other conditions, which are not the same run.
    again.insert(again.end(), {"--task", "rte"});
    CHECK(checked(again)["tasks"].size() == 3);
    again.insert(again.end(), {"--dropout", "0.1"});
    CHECK(has(refused(again), "dropout: 0.0 -> 0.1"));
    std::string train = read(toys().glue() / "CoLA/train.tsv");
    write(folder / "train.tsv", train.substr(train.find('\n') + 1));
    CHECK(has(refused(finetune(out, {"--task", "cola", "--lr", "1e-3", "--batch", "16", "--epochs", "1",
                                     "--resume", "--train-file", (folder / "train.tsv").string()})),
              "is of another fine-tuning (train: "));
  }

  TEST_CASE("killed or interrupted and resumed, the same bits come out") {
    const Folder folder;
    const std::vector<std::string> options = {"--task", "rte",  "--batch",      "4",  "--epochs",  "12",
                                              "--lr",   "1e-3", "--save-every", "40", "--dropout", "0.1"};
    const json whole = checked(finetune(folder / "whole", options));
    for (const int sign : {SIGKILL, SIGINT}) {
      const fs::path out = folder / cat("signal", sign);
      const fs::path checkpoints = out / "RTE/lr0.001-b4-e12-s1/checkpoints";
      const Outcome stopped = run({.arguments = finetune(out, options),
                                   .input = "",
                                   .environment = {},
                                   .meanwhile = [&](pid_t child) {
                                     if (!fs::exists(checkpoints / "step-0000000040")) return false;
                                     kill(child, sign);
                                     return true;
                                   }});
      INFO(stopped.err);
      CHECK(stopped.code == (sign == SIGKILL ? 128 + SIGKILL : 130));
      std::vector<std::string> more = options;
      more.push_back("--resume");
      const Outcome resumed = program(finetune(out, more));
      INFO(resumed.err);
      REQUIRE(resumed.code == 0);
      CHECK(has(resumed.err, "going on from update"));
      CHECK(!fs::exists(checkpoints));
      CHECK(read(out / "RTE/model/model.safetensors") == read(folder / "whole/RTE/model/model.safetensors"));
      CHECK(resumed.last_json()["tasks"][0]["best"] == whole["tasks"][0]["best"]);
    }
  }

  TEST_CASE("a separable task is learned, a random start is another start") {
    const Folder folder;
    write_toy_glue(folder / "glue", 300, 100);
    const std::vector<std::string> options = {"--glue",       (folder / "glue").string(),
                                              "--task",       "cola",
                                              "--lr",         "3e-3",
                                              "--batch",      "16",
                                              "--epochs",     "4",
                                              "--model",      toys().bert().string(),
                                              "--max-length", "24",
                                              "--json"};
    const auto learn = [&](const std::string& out, const std::vector<std::string>& more) {
      std::vector<std::string> arguments = {"finetune", "glue", "--out", (folder / out).string()};
      arguments.insert(arguments.end(), options.begin(), options.end());
      arguments.insert(arguments.end(), more.begin(), more.end());
      return checked(arguments);
    };
    const json pretrained = learn("a", {}), random = learn("b", {"--random-init"});
    for (const json& result : {pretrained, random})
      CHECK(result["tasks"][0]["best"]["sets"]["CoLA"]["matthews"]["mean"].get<double>() > 0.9);
    CHECK(random["start"] == "random");
    CHECK(random["tasks"][0]["random_init"] == true);
    CHECK(read(folder / "a/CoLA/model/model.safetensors") != read(folder / "b/CoLA/model/model.safetensors"));
  }

  TEST_CASE("a teacher of the same task, and only of that") {
    const Folder folder;
    const std::vector<std::string> rte = {"--task", "rte", "--epochs", "1", "--lr", "1e-3"};
    const auto with = [&](const fs::path& out, const std::vector<std::string>& more) {
      std::vector<std::string> arguments = rte;
      arguments.insert(arguments.end(), more.begin(), more.end());
      return finetune(out, arguments);
    };
    // Labels in another order, which are matched by name, and a model of other sizes.
    const std::vector<std::string> turned{"not_entailment", "entailment"};
    write_toy_bert(folder / "teacher", {.width = 24, .task = "RTE", .labels = turned, .seed = 5});
    const std::string teacher = (folder / "teacher").string();
    const json alone = checked(with(folder / "alone", {}));
    CHECK(alone["tasks"][0]["teacher"].is_null());
    const json taught = checked(with(folder / "taught", {"--teacher", teacher}));
    CHECK(taught["tasks"][0]["teacher"]["weight"] == 0.5);
    CHECK(read(folder / "alone/RTE/model/model.safetensors") !=
          read(folder / "taught/RTE/model/model.safetensors"));
    // A run of this command is a teacher, too, and its model a start for another task.
    checked(with(folder / "again", {"--teacher", (folder / "alone").string(), "--teacher-weight", "1",
                                    "--teacher-temperature", "2"}));
    const json next = checked(finetune(folder / "next", {"--task", "cola", "--epochs", "1", "--model",
                                                         (folder / "alone/RTE/model").string()}));
    CHECK(next["start"] == "RTE");
    CHECK(has(refused(finetune(folder / "no", {"--task", "cola", "--teacher", teacher})),
              "is no teacher for CoLA: it is a model fine-tuned on RTE"));
    CHECK(has(refused(with(folder / "no", {"--teacher", toys().bert().string()})),
              "a model that was not fine-tuned"));
    write_toy_bert(folder / "odd", {.task = "RTE", .labels = {"yes", "no"}});
    CHECK(has(refused(with(folder / "no", {"--teacher", (folder / "odd").string()})),
              "has the labels yes, no, RTE has entailment, not_entailment"));
    CHECK(!fs::exists(folder / "no"));
  }

  TEST_CASE("the best model is kept or not, and made again when it is wanted after all") {
    const Folder folder;
    const std::vector<std::string> options = {"--task", "cola", "--epochs", "1,2", "--lr", "1e-3"};
    std::vector<std::string> none = options, best = options;
    none.insert(none.end(), {"--save-model", "none"});
    best.push_back("--resume");
    const json first = checked(finetune(folder / "run", none));
    CHECK(!fs::exists(folder / "run/CoLA/model"));
    CHECK(fs::exists(folder / "run/CoLA/test/CoLA.tsv"));
    const std::string predictions = read(folder / "run/CoLA/test/CoLA.tsv");
    CHECK(checked(finetune(folder / "run", best))["tasks"][0]["best"] == first["tasks"][0]["best"]);
    CHECK(fs::exists(folder / "run/CoLA/model/model.safetensors"));
    CHECK(read(folder / "run/CoLA/test/CoLA.tsv") == predictions);
  }

  TEST_CASE("what is not defined is said") {
    const Folder folder;
    // A learning rate next to nothing: one class for everything.
    const Outcome done =
        program(finetune(folder / "run", {"--task", "cola", "--epochs", "1", "--lr", "1e-12"}));
    REQUIRE(done.code == 0);
    const json score = done.last_json()["tasks"][0]["settings"][0]["seeds"][0]["scores"][0];
    if (score["matthews"] == 0) {
      CHECK(has(score["notes"]["matthews"].get<std::string>(), "of one class"));
      CHECK(has(done.err, "of one class"));
    }
    // A regression without a value counts as 0 and is named.
    using namespace mosaic::apps;
    const json undefined = {{"set", "STS-B"},
                            {"pearson", nullptr},
                            {"spearman", nullptr},
                            {"undefined", {{"pearson", "constant predictions"}, {"spearman", "constant"}}}};
    const json defined = {{"set", "STS-B"}, {"pearson", 0.5}, {"spearman", 0.25}};
    const auto result = [](const json& score, int seed) {
      return json{{"seed", seed}, {"scores", {score}}, {"failed", nullptr},
                  {"updates", 1}, {"seconds", 1.0},    {"examples", {{"dev", {{"STS-B", json::object()}}}}}};
    };
    const json failed = {
        {"seed", 3},    {"scores", json::array()}, {"failed", "loss is nan"},
        {"updates", 0}, {"seconds", 0.0},          {"examples", {{"dev", {{"STS-B", json::object()}}}}}};
    const mosaic::data::GlueTask& task = mosaic::data::glue_task("sts-b");
    const json summary = summarise_setting(task, {}, {result(undefined, 1), result(defined, 2), failed});
    CHECK(summary["main"].get<double>() == doctest::Approx(0.5 / 3));
    CHECK(summary["sets"]["STS-B"]["pearson"]["undefined"]["count"] == 2);
    CHECK(has(summary["sets"]["STS-B"]["pearson"]["undefined"]["why"], "loss is nan"));
    json negative = defined;
    negative["pearson"] = -0.5;
    CHECK(best_setting({summarise_setting(task, {}, {failed}),
                        summarise_setting(task, {}, {result(negative, 1)})}) == 1);
    const json facts = {{"start", "pretrained"}, {"teacher", nullptr}};
    const json never = summarise_task(task, {summarise_setting(task, {}, {result(undefined, 1)})}, facts);
    CHECK(!glue_defined(never));
    const json averages = glue_averages_of({never});
    CHECK(averages["best"][0]["value"].is_null());
  }

  TEST_CASE("a training whose numbers go astray is a result, not the end of the grid") {
    const Folder folder;
    write_toy_bert(folder / "broken", {.broken = true});
    const std::vector<std::string> arguments = finetune(
        folder / "run", {"--task", "cola", "--epochs", "1,2", "--model", (folder / "broken").string()});
    const Outcome done = program(arguments);
    CHECK(done.code == 1);
    const json result = done.last_json()["tasks"][0];
    CHECK(result["settings"].size() == 2);
    CHECK(has(result["settings"][1]["seeds"][0]["failed"].get<std::string>(), "the loss of 32 tokens is"));
    CHECK(result["best"]["sets"]["CoLA"]["matthews"]["undefined"]["count"] == 1);
    CHECK(!fs::exists(folder / "run/CoLA/model"));
    CHECK(has(done.err, "failed: "));
  }

  TEST_CASE("bad input is refused with what was given and what was expected") {
    const Folder folder;
    const fs::path out = folder / "no";
    CHECK(has(refused(finetune(out, {})), "2 mosaic: error: [--task] is needed"));
    CHECK(has(refused(finetune(out, {"--task", "rtr"})), "\"rtr\" is not one of CoLA"));
    CHECK(has(refused(finetune(out, {"--task", "ax"})), "--task mnli"));
    CHECK(has(refused(finetune(out, {"--task", "mnli"})), "MNLI/train.tsv"));
    CHECK(has(refused(finetune(out, {"--task", "rte", "--lr", "1e-3,x"})), "[--lr] \"x\" is not a number"));
    CHECK(has(refused(finetune(out, {"--task", "rte", "--batch", "0"})), "[--batch]"));
    CHECK(has(refused(finetune(out, {"--task", "rte", "--grid", "paper", "--lr", "1e-3"})), "excludes --lr"));
    CHECK(has(refused(finetune(out, {"--task", "rte", "--task", "cola", "--dev-file", "x"})),
              "is for one task, got 2"));
    CHECK(has(refused(finetune(out, {"--task", "rte", "--max-length", "33"})), "2 mosaic"));
    CHECK(has(refused({"finetune", "glue", "--model", toys().bert().string(), "--task", "rte", "--glue",
                       toys().glue().string(), "--out", out.string()}),
              "[--max-length] 128 is more than the 32 positions"));
    CHECK(has(refused({"finetune", "--out", out.string(), "glue", "--model", toys().bert().string(), "--out",
                       out.string()}),
              "behind the word glue"));
    CHECK(has(refused({"finetune", "--model", toys().bert().string()}), "[--out] is needed"));
    CHECK(!fs::exists(out));

    write(folder / "dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailement\n");
    const std::string message =
        refused(finetune(out, {"--task", "rte", "--dev-file", (folder / "dev.tsv").string()}));
    CHECK(has(message, "dev.tsv:2"));
    CHECK(has(message, "entailement"));
    CHECK(has(refused(finetune(folder / "swapped", {"--task", "rte", "--train-file",
                                                    (toys().glue() / "STS-B/train.tsv").string()})),
              "are the folders swapped?"));
  }

  TEST_CASE("the paper's grid has eighteen settings") {
    mosaic::apps::GlueSettings settings;
    mosaic::apps::use_paper_grid(settings);
    CHECK(settings.grid().size() == 18);
    CHECK(settings.grid().front().name() == "lr5e-05-b16-e2");
    CHECK(mosaic::apps::glue_tasks_named({"all"}).size() == 9);
    CHECK(mosaic::apps::glue_tasks_named({"rte", "cola", "RTE"}).front()->name == "CoLA");
  }
}
