#include <doctest/doctest.h>

#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::cat;
using mosaic::json;

TEST_SUITE("apps/cli") {
  TEST_CASE("version and help go to standard output") {
    const Outcome version = program({"--version"});
    CHECK(version.code == 0);
    for (const char* part : {"mosaic 0.", "instruction set", "compiler", "CUDA             "})
      CHECK(version.out.find(part) != std::string::npos);
    CHECK(version.err.empty());
    CHECK(program({"--help"}).out.find("quickstart") != std::string::npos);
    const Outcome help = program({"score", "bleu", "--help"});
    CHECK(help.code == 0);
    CHECK(help.out.find("Examples:") != std::string::npos);
  }

  TEST_CASE("mistyped commands and options are refused with the nearest one") {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{}, "command is needed"},
        {{"trian"}, "did you mean train?"},
        {{"train", "--sead", "1", "--out", "x"}, "did you mean --seed?"},
        {{"space", "cuont"}, "did you mean count?"},
        {{"space"}, "sub-commands"},
        {{"space", "count", "--space", "tinny"}, "tiny"},
        {{"score", "bleu", "-r", "a", "--tok", "13b", "b"}, "did you mean 13a?"},
        {{"train", "--out", "x", "--method", "sandwhich"}, "did you mean sandwich?"},
        {{"train", "--out", "x", "--recipe", "nanu"}, "did you mean nano?"},
        {{"train", "--out"}, "--out"},
    };
    for (const auto& [arguments, message] : cases) {
      const Outcome outcome = program(arguments);
      INFO(outcome.err);
      CHECK((outcome.code == 2 || (outcome.code == 1 && message == "tiny")));
      CHECK(outcome.err.find(message) != std::string::npos);
      CHECK(outcome.out.empty());
    }
  }

  TEST_CASE("numbers are read strictly") {
    for (const char* bad : {"1e3", "3x", "-1", "9999999999999999999", " 3", "", "0x10", "1.0"}) {
      const Outcome outcome = program({"train", "--out", "x", cat("--seed=", bad)});
      INFO(bad);
      CHECK(outcome.code == 2);
    }
    CHECK(program({"selftest", "--threads", "0"}).code == 2);
    CHECK(program({"selftest", "--threads", "1000"}).code == 2);
    CHECK(program({"train", "--out", "x", "--max-time", "5 parsecs"}).code == 2);
    CHECK(program({"train", "--out", "x", "--config", "a.json", "--config", "b.json"}).code == 2);
    const Outcome absent = program({"selftest", "--device", "cuda:99"});
    CHECK(absent.code == 1);  // the words are right, the machine has none
    CHECK(absent.err.find("cuda:99 is not available: ") != std::string::npos);
    const Outcome unknown = program({"selftest", "--device", "gpu"});
    CHECK(unknown.code == 2);
    CHECK(unknown.err.find("expected cpu, cuda or cuda:N") != std::string::npos);
  }

  TEST_CASE("a full or closed standard output is an error or silence, never a crash") {
    const Folder folder;
    const std::string program = MOSAIC_PROGRAM;
    CHECK(
        std::system(cat("'", program, "' space count --space wmt > /dev/full 2> ", (folder / "err").string())
                        .c_str()) != 0);
    CHECK(read(folder / "err").find("standard output") != std::string::npos);
    CHECK(std::system(cat("'", program, "' space sample --space wmt --count 100000 2> ",
                          (folder / "err2").string(), " | head -1 > /dev/null")
                          .c_str()) == 0);
    CHECK(read(folder / "err2").empty());
  }

  TEST_CASE("configurations: unknown keys, wrong types, strict JSON") {
    const Folder folder;
    const std::string data = toy_data().string();
    const std::vector<std::pair<std::string, std::string>> files = {
        {R"({"modle": {}})", "did you mean \"model\""},
        {R"({"model": {"spase": "nano"}})", "did you mean \"space\""},
        {R"({"training": {"updates": 2.5}})", "updates"},
        {R"({"training": {"updates": "6"}})", "updates"},
        {R"({"training": {"updates": -1}})", "updates"},
        {R"({"training": {"schedule": {"peak": 0}}})", "peak"},
        {R"({"model": {"dropout": 1.0}})", "dropout"},
        {R"({"model": {"mixture": {"experts": 0}}})", "experts"},
        {R"({"training": {"updates": 1, "updates": 2}})", "updates"},
        {R"({"seed": 1,})", "JSON"},
        {"", "JSON"},
        {"[]", "object"},
        {"null", "object"},
        {R"({"recipe": "nowhere"})", "recipe"},
    };
    for (const auto& [text, message] : files) {
      write(folder / "config.json", text);
      const Outcome outcome = program({"train", "--config", (folder / "config.json").string(), "--data", data,
                                       "--out", (folder / "run").string()});
      INFO(text, "\n", outcome.err);
      CHECK((outcome.code == 1 || outcome.code == 2));
      const bool mentions = outcome.err.find(message) != std::string::npos || message == "JSON";
      CHECK(mentions);
      CHECK(!std::filesystem::exists(folder / "run"));
    }
    CHECK(
        program({"train", "--set", "training.updaets=3", "--data", data, "--out", (folder / "run").string()})
            .err.find("did you mean \"updates\"") != std::string::npos);
    CHECK(program({"train", "--set", "novalue", "--data", data, "--out", (folder / "run").string()}).code ==
          2);
  }

  TEST_CASE("talk is plain without a terminal, in any locale") {
    const Outcome outcome = run({.arguments = {"selftest", "--op", "softmax", "--json"},
                                 .input = "",
                                 .environment = {"LC_ALL=de_DE.UTF-8", "NO_COLOR=1", "TERM=dumb"},
                                 .meanwhile = {}});
    CHECK(outcome.code == 0);
    CHECK((outcome.out + outcome.err).find('\033') == std::string::npos);
    const json result = outcome.last_json();
    for (const char* key : {"ops", "cases", "failed", "skipped", "worst"}) CHECK(result.contains(key));
    CHECK(result["failed"] == 0);
    CHECK(result["worst"].get<double>() < 1e-6);
    CHECK(result["device"] == "cpu");
  }

  TEST_CASE("selftest: levels, names, and exit code 1 when something fails") {
    const Outcome quick = program({"selftest", "--op", "layer_norm", "--json"}),
                  full = program({"selftest", "--op", "layer_norm", "--level", "full", "--json"});
    CHECK(quick.code == 0);
    CHECK(full.code == 0);
    CHECK(quick.last_json()["cases"] == 2);
    CHECK(full.last_json()["cases"] > 5);
    CHECK(full.last_json()["results"][0]["measures"].size() >
          quick.last_json()["results"][0]["measures"].size());
    const Outcome strict = program({"selftest", "--op", "tanh", "--tolerance", "1e-15", "--json"});
    CHECK(strict.code == 1);
    CHECK(strict.last_json()["failed"] == 1);
    CHECK(strict.err.find("tanh: gradient, f64") != std::string::npos);
    const Outcome unknown = program({"selftest", "--op", "sofmax"});
    CHECK(unknown.code == 2);
    CHECK(unknown.err.find("did you mean softmax?") != std::string::npos);
    const Outcome table = program({"selftest", "--op", "exp"});
    CHECK(table.out.find("exp ") != std::string::npos);
    CHECK(table.out.find("gradient, f64") != std::string::npos);
  }
}
