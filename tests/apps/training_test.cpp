#include <doctest/doctest.h>
#include <signal.h>

#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::cat;
using mosaic::json;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> train(const fs::path& out, int updates, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"train", "--recipe",   "nano",  "--data", toy_data().string(),
                                        "--out", out.string(), "--json"};
  for (const std::string& word : toy_training(updates)) arguments.push_back(word);
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The last checkpoint's weights as bytes.
std::string weights(const fs::path& run) {
  fs::path last;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints"))
    if (entry.path().filename().string().rfind("step-", 0) == 0 && entry.path() > last) last = entry.path();
  return read(last / "model.safetensors") + read(last / "optimizer.safetensors");
}

bool logged_update(const fs::path& run, int update) {
  return read(run / "log.jsonl").find(cat("\"update\":", update, ",")) != std::string::npos;
}

}  // namespace

TEST_SUITE("apps/training") {
  TEST_CASE("training resumed after kill -9 and after an interrupt ends with the same bits") {
    const Folder folder;
    const Outcome whole = program(train(folder / "whole", 60));
    INFO(whole.err);
    REQUIRE(whole.code == 0);
    const json result = whole.last_json();
    for (const char* key : {"steps", "seconds", "tokens_per_second", "loss", "peak_bytes", "checkpoint"})
      CHECK(result.contains(key));
    CHECK(result["steps"] == 60);
    CHECK(result["diagnostics"]["validation"]["random"].size() == 10);
    CHECK(result["diagnostics"]["route_swap_largest"].contains("own"));
    for (const char* file : {"config.json", "manifest.json", "log.jsonl", "report.html",
                             "results/training.json", "supernet.json", "subwords.model"})
      CHECK(fs::exists(folder / "whole" / file));
    CHECK(read(folder / "whole/report.html").find("<svg") != std::string::npos);
    CHECK(read(folder / "whole/report.html").find("http://") ==
          read(folder / "whole/report.html").find("http://www.w3.org"));

    for (const int sign : {SIGKILL, SIGINT}) {
      const fs::path run_dir = folder / cat("signal", sign);
      const Outcome stopped = run(
          {.arguments = train(run_dir, 60), .input = "", .environment = {}, .meanwhile = [&](pid_t child) {
             if (!logged_update(run_dir, 30)) return false;
             kill(child, sign);
             return true;
           }});
      INFO(stopped.err);
      CHECK(stopped.code == (sign == SIGKILL ? 128 + SIGKILL : 130));
      const Outcome resumed = program(train(run_dir, 60, {"--resume"}));
      INFO(resumed.err);
      REQUIRE(resumed.code == 0);
      CHECK(weights(run_dir) == weights(folder / "whole"));
    }
    // Finished already: nothing changes.
    CHECK(
        program({"train", "--resume", "--out", (folder / "whole").string(), "--json"}).last_json()["steps"] ==
        60);
  }

  TEST_CASE("a run is protected") {
    const Folder folder;
    const Outcome trial = program(train(folder / "run", 1000, {"--trial-run"}));
    INFO(trial.err);
    REQUIRE(trial.code == 0);
    CHECK(trial.last_json()["steps"] == 10);
    const std::string before = read(folder / "run/log.jsonl");
    const Outcome again = program(train(folder / "run", 1000, {"--trial-run"}));
    CHECK(again.code == 2);
    CHECK(again.err.find("--resume") != std::string::npos);
    const Outcome changed = program(train(folder / "run", 1000, {"--trial-run", "--resume", "--seed", "7"}));
    CHECK(changed.code == 2);
    CHECK(changed.err.find("seed: 1 -> 7") != std::string::npos);
    CHECK(read(folder / "run/log.jsonl") == before);
    write(folder / "other/file", "precious");
    CHECK(program(train(folder / "other", 10, {"--force"})).code == 2);
    CHECK(read(folder / "other/file") == "precious");

    // Two at once: the second is turned away while the first works.
    Outcome second;
    const Outcome first = run(
        {.arguments = train(folder / "busy", 40), .input = "", .environment = {}, .meanwhile = [&](pid_t) {
           if (!logged_update(folder / "busy", 5)) return false;
           second = program(train(folder / "busy", 40, {"--resume"}));
           return true;
         }});
    CHECK(first.code == 0);
    CHECK(second.code == 1);
    CHECK(second.err.find("another process") != std::string::npos);
  }

  TEST_CASE("paths need not be text") {
    const Folder folder;
    const Outcome trained = program(train(folder / "a run \xff", 10, {"--trial-run"}));
    INFO(trained.err);
    CHECK(trained.code == 0);
    CHECK(fs::exists(folder / "a run \xff" / "report.html"));
  }

  TEST_CASE("bad data and spaces are refused before anything is written") {
    const Folder folder;
    CHECK(program(train(folder / "run", 5, {"--set", "data=/nowhere"})).code == 1);
    CHECK(program(train(folder / "run", 5, {"--set", "model.space=nanno"})).code == 1);
    CHECK(!fs::exists(folder / "run"));
    CHECK(program({"train", "--recipe", "nano", "--out", (folder / "run").string()}).err.find("--data") !=
          std::string::npos);
  }

  TEST_CASE("one architecture from scratch becomes a model that translates") {
    const Folder folder;
    const Outcome trained =
        program(train(folder / "run", 40, {"--method", "standalone", "--set", "training.average=2"}));
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    const Outcome translated = run({.arguments = {"translate", "--model", (folder / "run/model").string(),
                                                  "--beam", "2", "--max-length", "12"},
                                    .input = "the dog sees the cat.\n\nthe old tree.\n",
                                    .environment = {},
                                    .meanwhile = {}});
    INFO(translated.err);
    CHECK(translated.code == 0);
    CHECK(std::count(translated.out.begin(), translated.out.end(), '\n') == 3);
    CHECK(program({"inspect", "--verify", (folder / "run/model").string()}).code == 0);
    std::string bytes = read(folder / "run/model/model.safetensors");
    bytes[bytes.size() - 5] ^= 4;
    write(folder / "run/model/model.safetensors", bytes);
    const Outcome damaged = program({"inspect", (folder / "run/model").string()});
    CHECK(damaged.code == 1);
    CHECK(damaged.err.find("has changed") != std::string::npos);
  }
}
