#include <doctest/doctest.h>

#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::cat;
using mosaic::json;
namespace fs = std::filesystem;

namespace {

Outcome checked(const std::vector<std::string>& arguments) {
  const Outcome outcome = program(arguments);
  INFO(arguments.front(), ": ", outcome.err);
  REQUIRE(outcome.code == 0);
  return outcome;
}

}  // namespace

TEST_SUITE("apps/pipeline") {
  TEST_CASE("train, latency, search, extract, finetune, translate, evaluate") {
    const Folder folder;
    const auto at = [&](const char* name) { return (folder / name).string(); };
    const std::string data = toy_data().string();
    std::vector<std::string> training = {"train", "--recipe", "nano",        "--data",
                                         data,    "--out",    at("supernet")};
    for (const std::string& word : toy_training(40)) training.push_back(word);
    checked(training);

    const std::vector<std::string> measuring = {"latency",         "measure",
                                                "--run",           at("supernet"),
                                                "--out",           at("latency.csv"),
                                                "--count",         "12",
                                                "--repeated",      "2",
                                                "--repeats",       "3",
                                                "--source-length", "8",
                                                "--target-length", "8",
                                                "--json"};
    CHECK(checked(measuring).last_json()["rows"] == 14);
    CHECK(checked(measuring).last_json()["rows"] == 14);  // goes on, finds nothing to do
    checked({"latency", "fit", "--run", at("supernet"), "--data", at("latency.csv"), "--out",
             at("predictor.json")});
    const double slowest = checked({"latency", "predict", "--run", at("supernet"), "--predictor",
                                    at("predictor.json"), "--arch", "largest", "--json"})
                               .last_json()["latency_ms"]
                               .get<double>();
    CHECK(slowest > 0);

    std::vector<std::string> searching = {"search",
                                          "--run",
                                          at("supernet"),
                                          "--data",
                                          data,
                                          "--out",
                                          at("search"),
                                          "--predictor",
                                          at("predictor.json"),
                                          "--constraint",
                                          cat("latency_ms<=", slowest),
                                          "--iterations",
                                          "1",
                                          "--parents",
                                          "3",
                                          "--mutants",
                                          "3",
                                          "--children",
                                          "3",
                                          "--valid-examples",
                                          "8",
                                          "--measurements",
                                          "3",
                                          "--json"};
    const json found = checked(searching).last_json();
    for (const char* key : {"best", "score", "latency_ms_predicted", "latency_ms_measured",
                            "latency_ms_interval", "parameters", "evaluated", "distinct", "seconds"})
      CHECK(found.contains(key));
    CHECK(found["latency_ms_predicted"].get<double>() <= slowest);
    CHECK(found["latency_ms_interval"].size() == 2);
    CHECK(fs::exists(folder / "search/report.html"));
    CHECK(program(searching).code == 2);
    searching.push_back("--resume");
    const json again = checked(searching).last_json();
    CHECK(again["best"] == found["best"]);
    CHECK(again["computed"] == 0);

    const Outcome impossible = program({"search", "--run", at("supernet"), "--data", data, "--out",
                                        at("none"), "--constraint", "parameters<=10"});
    CHECK(impossible.code == 1);
    CHECK(impossible.err.find("smallest") != std::string::npos);
    CHECK(program({"search", "--run", at("supernet"), "--data", data, "--out", at("none2"), "--constraint",
                   "latency_ms<=10"})
              .code == 2);
    CHECK(program({"search", "--run", at("supernet"), "--data", data, "--out", at("none3"), "--constraint",
                   "latency<=10"})
              .code != 0);

    const json extracted =
        checked({"extract", "--run", at("supernet"), "--arch", at("search"), "--out", at("model"), "--json"})
            .last_json();
    CHECK(extracted["parameters"] == found["parameters"]);
    CHECK(program({"extract", "--run", at("supernet"), "--arch", at("search"), "--out", at("model")}).code ==
          2);

    std::vector<std::string> finetuning = {"finetune", "--model", at("model"),    "--data",
                                           data,       "--out",   at("finetune"), "--json"};
    for (const std::string& word : toy_training(30)) finetuning.push_back(word);
    const json tuned = checked(finetuning).last_json();
    for (const char* key : {"steps", "seconds", "tokens_per_second", "loss", "peak_bytes", "checkpoint",
                            "initial_loss", "improved"})
      CHECK(tuned.contains(key));
    CHECK(tuned["final_loss"].get<double>() <= tuned["initial_loss"].get<double>());

    const json scores = checked({"evaluate", "--model", at("finetune/model"), "--data", data, "--beam", "2",
                                 "--max-length", "15", "--hypotheses", at("hypotheses"), "--json"})
                            .last_json();
    for (const char* key :
         {"bleu", "sacrebleu", "signature", "loss", "perplexity", "sentences", "tokens_per_second"})
      CHECK(scores.contains(key));
    const json bleu =
        checked({"score", "bleu", "-r", data + "/test.de", at("hypotheses"), "--json"}).last_json();
    CHECK(bleu["score"] == scores["sacrebleu"]);
    const json inherited = checked({"evaluate", "--run", at("supernet"), "--arch", at("search"), "--data",
                                    data, "--method", "greedy", "--max-length", "15", "--json"})
                               .last_json();
    CHECK(inherited["sentences"] == 40);

    CHECK(program({"translate", "--model", at("nowhere")}).code == 1);
    CHECK(program({"translate", "--run", at("supernet")}).code == 2);
    CHECK(checked({"inspect", at("supernet"), "--json"}).last_json()["checkpoints"].size() >= 2);
    CHECK(checked({"report", at("search")}).out == at("search/report.html") + "\n");
  }

  TEST_CASE("quickstart runs end to end, and a second time finds everything done") {
    const Folder folder;
    write_toy_corpus(folder / "text", 300, 20);
    std::vector<std::string> arguments = {
        "quickstart", "--scale", "nano", "--out", (folder / "quick").string(), "--json"};
    for (const char* split : {"train", "valid", "test"}) {
      arguments.push_back(cat("--", split));
      arguments.push_back((folder / cat("text/", split)).string());
    }
    for (const char* setting :
         {"corpus.vocabulary=90", "train.training.updates=40", "train.batches.max_tokens=256",
          "latency.count=8", "latency.repeats=3", "search.method=random", "search.samples=4",
          "search.valid_pairs=8", "search.measurements=2", "finetune.training.updates=20",
          "train.decoding.beam=2"}) {
      arguments.push_back("--set");
      arguments.push_back(setting);
    }
    const Outcome first = checked(arguments);
    const json result = first.last_json();
    for (const char* key : {"pairs", "train", "hypotheses", "references", "bleu_inherited", "bleu_finetuned",
                            "latency_ms_limit", "latency_ms_predicted", "latency_ms_measured", "parameters",
                            "seconds", "report"})
      CHECK(result.contains(key));
    CHECK(result["pairs"] == 340);
    CHECK(fs::exists(result["train"].get<std::string>()));
    const json bleu = checked({"score", "bleu", "-r", result["references"].get<std::string>(),
                               result["hypotheses"].get<std::string>(), "--json"})
                          .last_json();
    CHECK(bleu["score"] == result["bleu_finetuned"]);
    CHECK(read(result["report"].get<std::string>()).find("Ten translations") != std::string::npos);
    const std::string report = read(folder / "quick/results/quickstart.json");
    const Outcome second = checked(arguments);
    CHECK(second.last_json() == result);
    CHECK(second.err.find("done before") != std::string::npos);
    CHECK(read(folder / "quick/results/quickstart.json") == report);
    // Another number of fine-tuning updates leaves the supernet alone.
    arguments.insert(arguments.end(), {"--set", "finetune.training.updates=25"});
    const Outcome third = checked(arguments);
    CHECK(third.err.find("[2/7] supernet: done before") != std::string::npos);
    CHECK(third.err.find("[6/7] finetune: done before") == std::string::npos);
  }
}
