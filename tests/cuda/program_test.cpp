// The program with --device cuda: train, resume, translate.
#include <doctest/doctest.h>

#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::json;

TEST_CASE("program: a supernet trains, goes on and translates on CUDA") {
  const Folder folder;
  const std::string run = (folder / "run").string();
  const auto train = [&](int updates, const std::string& device, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"train", "--recipe", "nano",     "--data", toy_data().string(),
                                          "--out", run,        "--device", device,   "--json"};
    for (const std::string& word : toy_training(updates)) arguments.push_back(word);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return program(arguments);
  };
  const Outcome first = train(2, "cuda");
  INFO(first.err);
  REQUIRE(first.code == 0);
  CHECK(first.last_json()["peak_bytes"] > 0);
  CHECK(json::parse(read(folder / "run/manifest.json"))["cuda"].is_string());
  const Outcome more = train(3, "cpu", {"--resume"});  // a checkpoint knows no device
  INFO(more.err);
  REQUIRE(more.code == 0);
  CHECK(more.last_json()["steps"] == 3);
  const auto translate = [&](const std::string& device) {
    return mosaic::test::run({.arguments = {"translate", "--run", run, "--arch", "smallest", "--max-length",
                                            "6", "--device", device},
                              .input = "ba ba\n",
                              .environment = {},
                              .meanwhile = nullptr});
  };
  const Outcome there = translate("cuda"), here = translate("cpu");
  INFO(there.err);
  REQUIRE(there.code == 0);
  CHECK(there.out == here.out);
  const std::string csv = (folder / "latency.csv").string();
  const Outcome timed =
      program({"latency",         "measure", "--run",     run,    "--out",    csv, "--count",         "2",
               "--repeated",      "0",       "--repeats", "2",    "--warmup", "0", "--source-length", "3",
               "--target-length", "3",       "--device",  "cuda", "--json"});
  INFO(timed.err);
  REQUIRE(timed.code == 0);
  CHECK(timed.last_json()["device"] == "cuda:0");
}
