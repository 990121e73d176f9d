// Text to a searched and extracted BERT, through the program.
#include <doctest/doctest.h>
#include <signal.h>

#include <cmath>

#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::cat;
using mosaic::json;
namespace fs = std::filesystem;

namespace {

// The toy corpus's English side as documents of five lines, made into a data directory once a process.
const fs::path& toy_text() {
  static const Folder folder;
  static const fs::path data = [] {
    write_toy_corpus(folder / "text");
    std::string text;
    int line = 0;
    for (const char c : read(folder / "text/train.en")) {
      text += c;
      if (c == '\n' && ++line % 5 == 0) text += '\n';
    }
    write(folder / "documents.txt", text);
    const Outcome made =
        program({"data", "mlm", "--text", (folder / "documents.txt").string(), "--vocabulary", "120",
                 "--length", "16", "--valid-share", "0.1", "--out", (folder / "data").string(), "--json"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    CHECK(made.last_json()["splits"]["valid"]["sequences"].get<int>() > 4);
    return folder / "data";
  }();
  return data;
}

std::vector<std::string> train(const fs::path& out, int updates, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"train",
                                        "--recipe",
                                        "bert-nano",
                                        "--data",
                                        toy_text().string(),
                                        "--out",
                                        out.string(),
                                        "--json",
                                        "--set",
                                        cat("training.updates=", updates),
                                        "--set",
                                        "batches.rows=8",
                                        "--set",
                                        "training.validate_every=20",
                                        "--set",
                                        "training.log_every=5",
                                        "--set",
                                        "training.schedule.warmup_updates=5"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string last_weights(const fs::path& run) {
  fs::path last;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints"))
    if (entry.path().filename().string().rfind("step-", 0) == 0 && entry.path() > last) last = entry.path();
  return read(last / "model.safetensors") + read(last / "optimizer.safetensors");
}

json best_of(const fs::path& run) {
  return json::parse(read(run / "results/best.json"));
}

}  // namespace

TEST_SUITE("apps/bert") {
  TEST_CASE("text for BERT is checked like every data directory") {
    const Folder folder;
    CHECK(program({"data", "check", toy_text().string()}).code == 0);
    CHECK(program({"data", "stats", toy_text().string(), "--json"}).last_json()["vocabulary"].get<int>() <=
          120);
    const Outcome again =
        program({"data", "mlm", "--text", (toy_text() / "vocab.txt").string(), "--out", toy_text().string()});
    CHECK(again.code == 2);
    CHECK(again.err.find("--force") != std::string::npos);
    fs::copy(toy_text(), folder / "copy", fs::copy_options::recursive);
    write(folder / "copy/vocab.txt", read(folder / "copy/vocab.txt") + "zebra\n");
    const Outcome changed = program({"data", "check", (folder / "copy").string()});
    CHECK(changed.code == 1);
    CHECK(changed.err.find("vocab.txt] has changed") != std::string::npos);
  }

  TEST_CASE("pretraining resumed after kill -9 ends with the same bits") {
    const Folder folder;
    const Outcome whole = program(train(folder / "whole", 40));
    INFO(whole.err);
    REQUIRE(whole.code == 0);
    const json result = whole.last_json();
    CHECK(result["steps"] == 40);
    CHECK(result["diagnostics"]["mixture"].contains("alpha_variance"));
    const fs::path killed = folder / "killed";
    const Outcome stopped =
        run({.arguments = train(killed, 40), .input = "", .environment = {}, .meanwhile = [&](pid_t child) {
               if (read(killed / "log.jsonl").find("\"update\":25,") == std::string::npos) return false;
               kill(child, SIGKILL);
               return true;
             }});
    CHECK(stopped.code == 128 + SIGKILL);
    // The task and everything else come from the saved run.
    const Outcome resumed =
        program({"train", "--resume", "--out", killed.string(), "--json", "--threads", "1"});
    INFO(resumed.err);
    REQUIRE(resumed.code == 0);
    CHECK(last_weights(killed) == last_weights(folder / "whole"));
  }

  TEST_CASE("a BERT is searched by perplexity, extracted, evaluated and trained further") {
    const Folder folder;
    const std::string run_dir = (folder / "run").string(), data = toy_text().string(),
                      found = (folder / "search").string(), model = (folder / "model").string();
    const Outcome trained = program(train(folder / "run", 30, {"--method", "layer-wise"}));
    INFO(trained.err);
    REQUIRE(trained.code == 0);

    std::vector<std::string> search = {"search",
                                       "--run",
                                       run_dir,
                                       "--data",
                                       data,
                                       "--method",
                                       "exhaustive",
                                       "--out",
                                       found,
                                       "--constraint",
                                       "parameters>=5e5",
                                       "--constraint",
                                       "parameters<=700000",
                                       "--json"};
    const Outcome searched = program(search);
    INFO(searched.err);
    REQUIRE(searched.code == 0);
    const json best = searched.last_json();
    CHECK(best["parameters"].get<int>() <= 700000);
    CHECK(best["parameters"].get<int>() >= 500000);
    CHECK(best["perplexity"].get<double>() == doctest::Approx(std::exp(best["score"].get<double>())));
    CHECK(!best.contains("latency_ms_predicted"));
    // Scores are kept: the search that goes on computes nothing.
    search.push_back("--resume");
    CHECK(program(search).last_json()["computed"] == 0);
    CHECK(program({"search", "--run", run_dir, "--data", data, "--out", (folder / "x").string(),
                   "--constraint", "latency_ms<=5"})
              .err.find("parameters<=5e6 is a BERT's") != std::string::npos);

    const Outcome extracted =
        program({"extract", "--run", run_dir, "--arch", found, "--out", model, "--json"});
    INFO(extracted.err);
    REQUIRE(extracted.code == 0);
    CHECK(extracted.last_json()["arch"] == best_of(folder / "search"));
    const json evaluated = program({"evaluate", "--model", model, "--data", data, "--json"}).last_json();
    CHECK(evaluated["nll"].get<double>() == doctest::Approx(best["score"].get<double>()).epsilon(1e-6));
    CHECK(program({"evaluate", "--run", run_dir, "--arch", found, "--data", data, "--json"})
              .last_json()["nll"] == evaluated["nll"]);

    const Outcome further =
        program({"finetune", "--model", model, "--data", data, "--out", (folder / "further").string(),
                 "--set", "training.updates=10", "--set", "training.schedule.peak=1e-3", "--json"});
    INFO(further.err);
    REQUIRE(further.code == 0);
    CHECK(further.last_json()["initial_loss"].get<double>() ==
          doctest::Approx(evaluated["nll"].get<double>()).epsilon(1e-6));
    CHECK(further.last_json()["final_loss"].get<double>() <=
          further.last_json()["initial_loss"].get<double>());

    // A training that starts from given weights has their loss before its first update is noticed.
    write(folder / "arch.json", best_of(folder / "search").dump());
    const Outcome started = program(
        train(folder / "started", 6,
              {"--method", "standalone", "--init", model, "--set",
               cat("model.arch=", (folder / "arch.json").string()), "--set", "training.schedule.peak=1e-9"}));
    INFO(started.err);
    REQUIRE(started.code == 0);
    CHECK(started.last_json()["loss"].get<double>() ==
          doctest::Approx(evaluated["nll"].get<double>()).epsilon(1e-4));
    CHECK(program(train(folder / "y", 6, {"--init", model})).err.find("must be") != std::string::npos);

    // For other tools and back: the same loss, with the same vocabulary.
    const std::string hf = (folder / "hf").string();
    const Outcome exported =
        program({"extract", "--run", run_dir, "--arch", found, "--format", "hf", "--out", hf});
    INFO(exported.err);
    REQUIRE(exported.code == 0);
    CHECK(read(folder / "hf/config.json").find("BertForMaskedLM") != std::string::npos);
    CHECK(program({"evaluate", "--model", hf, "--data", data, "--json"}).last_json()["nll"] ==
          evaluated["nll"]);
    CHECK(program({"extract", "--model", hf, "--out", (folder / "back").string()}).code == 0);
    CHECK(read(folder / "back/model.safetensors").size() > 1000);
    CHECK(program({"extract", "--model", hf, "--arch", found, "--out", (folder / "z").string()}).code == 2);
    CHECK(program({"extract", "--out", (folder / "z").string()}).err.find("--arch are needed") !=
          std::string::npos);

    const json routing = program({"analyze", "routing", "--run", run_dir, "--data", data}).last_json();
    CHECK(routing["route_swap_smallest"].contains("largest"));
    CHECK(program({"translate", "--model", model}).code == 1);
  }

  TEST_CASE("standalone trainings are compared with the supernet's ranking") {
    const Folder folder;
    REQUIRE(program(train(folder / "run", 20, {"--method", "sandwich"})).code == 0);
    std::vector<std::string> ranking = {"analyze", "ranking",          "--run", (folder / "run").string(),
                                        "--data",  toy_text().string()};
    for (const char* arch : {"largest", "smallest"}) {
      const Outcome alone =
          program(train(folder / arch, 20, {"--method", "standalone", "--set", cat("model.arch=", arch)}));
      INFO(alone.err);
      REQUIRE(alone.code == 0);
      ranking.insert(ranking.end(), {"--alone", (folder / arch).string()});
    }
    const Outcome ranked = program(ranking);
    INFO(ranked.err);
    REQUIRE(ranked.code == 0);
    const json out = ranked.last_json();
    REQUIRE(out["rows"].size() == 2);
    CHECK(out["rows"][0]["alone"].get<double>() <= out["rows"][1]["alone"].get<double>());
    const bool larger_first =
        out["rows"][0]["parameters"].get<double>() > out["rows"][1]["parameters"].get<double>();
    CHECK(out["tau"]["parameters"].get<double>() == (larger_first ? 1 : -1));
    CHECK(std::abs(out["tau"]["supernet"].get<double>()) == 1);
    ranking.resize(ranking.size() - 2);
    CHECK(program(ranking).code == 2);
  }

  TEST_CASE("what transformers cannot express is refused with the reason") {
    const Folder folder;
    REQUIRE(program(train(folder / "run", 10, {"--set", "model.space=bert-bottleneck-nano"})).code == 0);
    const Outcome refused = program({"extract", "--run", (folder / "run").string(), "--arch", "smallest",
                                     "--format", "hf", "--out", (folder / "hf").string()});
    CHECK(refused.code == 2);
    CHECK(refused.err.find("bottleneck") != std::string::npos);
    CHECK(!fs::exists(folder / "hf"));
  }

  TEST_CASE("bottlenecks are searched by evolution and composed at extraction") {
    const Folder folder;
    const std::string run_dir = (folder / "run").string(), found = (folder / "search").string();
    REQUIRE(program(train(folder / "run", 10, {"--set", "model.space=bert-bottleneck-nano"})).code == 0);
    const Outcome searched = program({"search", "--run", run_dir, "--data", toy_text().string(), "--out",
                                      found, "--iterations", "2", "--parents", "3", "--mutants", "4",
                                      "--children", "4", "--constraint", "parameters<=1e6", "--json"});
    INFO(searched.err);
    REQUIRE(searched.code == 0);
    CHECK(searched.last_json()["distinct"].get<int>() > 5);
    const auto nll = [&](const std::string& name, std::vector<std::string> more) {
      std::vector<std::string> arguments = {
          "extract", "--run", run_dir, "--arch", found, "--out", (folder / name).string(), "--json"};
      arguments.insert(arguments.end(), more.begin(), more.end());
      const Outcome made = program(arguments);
      INFO(made.err);
      REQUIRE(made.code == 0);
      json result =
          program({"evaluate", "--model", (folder / name).string(), "--data", toy_text().string(), "--json"})
              .last_json();
      result["parameters_exact"] = made.last_json()["parameters_exact"];
      return result;
    };
    const json plain = nll("plain", {}), composed = nll("composed", {"--compose"});
    CHECK(composed["nll"].get<double>() == doctest::Approx(plain["nll"].get<double>()).epsilon(1e-5));
    CHECK(composed["parameters_exact"].get<int>() < plain["parameters_exact"].get<int>());
  }

  TEST_CASE("tasks are not mixed up") {
    const Folder folder;
    const auto refused = [&](const std::string& recipe, const fs::path& data) {
      return program({"train", "--recipe", recipe, "--data", data.string(), "--out", (folder / "x").string()})
          .err;
    };
    CHECK(refused("nano", toy_text()).find("is for \"translation\"") != std::string::npos);
    CHECK(refused("bert-nano", toy_data()).find("is for \"masked-lm\"") != std::string::npos);
    CHECK(!fs::exists(folder / "x"));
  }
}

TEST_CASE("text for BERT comes from packages and files together; refusals leave old data alone") {
  const Folder folder;
  std::string descriptions;
  for (int n = 0; n < 60; ++n)
    descriptions += cat("Package: p", n, "\nDescription-md5: ", 100 + n, "\nDescription-en: tool number ", n,
                        " of many\n It does what tool ", n, " does. It has a manual.\n\n");
  write(folder / "lists/host_i18n_Translation-en", descriptions);
  write(folder / "more.txt", read(toy_text().parent_path() / "documents.txt"));
  const std::string out = (folder / "out").string();
  const auto make = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"data",          "mlm",
                                          "--out",         out,
                                          "--vocabulary",  "120",
                                          "--length",      "16",
                                          "--lists",       (folder / "lists").string(),
                                          "--root",        folder.path().string(),
                                          "--valid-share", "0.1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return program(arguments);
  };
  const std::string text = (folder / "more.txt").string();
  const Outcome neither = make({}), unknown = make({"--source", "wikipedia"}),
                twice = make({"--source", "anarchism", "--source", "anarchism"});
  for (const Outcome* outcome : {&neither, &unknown, &twice}) CHECK(outcome->code == 2);
  CHECK(neither.err.find("--source is needed") != std::string::npos);
  CHECK(unknown.err.find("is not one of libreoffice-help") != std::string::npos);
  CHECK(twice.err.find("given more than once") != std::string::npos);
  CHECK(!fs::exists(out));

  const Outcome made = make({"--source", "debian-descriptions", "--text", text});
  INFO(made.err);
  REQUIRE(made.code == 0);
  CHECK(made.err.find("debian-descriptions: 121 sentences in 60 documents (59 repeated") !=
        std::string::npos);
  CHECK(read(folder / "out/text/debian-descriptions.txt").starts_with("tool number 0 of many\nIt does"));
  const json sources = mosaic::load_json(folder / "out/manifest.json")["sources"];
  REQUIRE(sources.size() == 2);
  CHECK(sources[0]["file"] == "more.txt");
  CHECK(sources[1]["file"] == "debian-descriptions.txt");

  const std::string before = read(folder / "out/data.json"), hash = read(folder / "out/manifest.json");
  const Outcome missing = make({"--force", "--source", "debian-descriptions", "--source", "anarchism"});
  CHECK(missing.code == 1);
  CHECK(missing.err.find("package anarchism") != std::string::npos);
  CHECK(program({"data", "check", out}).code == 0);  // still what it was
  CHECK(read(folder / "out/data.json") == before);
  REQUIRE(make({"--force", "--source", "debian-descriptions", "--text", text}).code == 0);
  CHECK(read(folder / "out/manifest.json") == hash);
}
