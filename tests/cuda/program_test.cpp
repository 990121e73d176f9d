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

TEST_CASE("program: the selftest says what it ran on and what it found") {
  const Outcome outcome =
      program({"selftest", "--device", "cuda", "--level", "full", "--op", "softmax", "--json"});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const json all = outcome.last_json();
  CHECK(all["device"] == "cuda:0");
  CHECK(all["failed"] == 0);
  CHECK(all["cases"] >= 11);
  CHECK(all["worst"].get<double>() < 2e-5);
  CHECK(all["results"][0]["op"] == "softmax");
  CHECK(all["results"][0]["measures"].size() == 4);  // f32, f64, bf16 and f16
  CHECK(all["gpu"]["name"] == "gpusim");
  CHECK(all["gpu"]["compute_capability"] == "9.0");
  CHECK(all["gpu"]["code"] == "PTX for compute_80, simulated");
  CHECK(all["gpu"]["simulated"] == true);
  CHECK(all["gpu"]["driver"] == all["gpu"]["runtime"]);
  CHECK_FALSE(all.contains("training"));  // of no op
}

TEST_CASE("program: where CUDA cannot be used, it is said why") {
  const std::vector<std::pair<std::string, std::string>> machines = {
      {"GPUSIM_DRIVER=0",
       "cuda:0 is not available: no NVIDIA driver was found (cudaErrorInsufficientDriver)"},
      {"GPUSIM_DRIVER=12040",
       "the NVIDIA driver is too old: it knows CUDA up to 12.4, this program needs 13."},
      {"GPUSIM_DEVICES=0", "the NVIDIA driver shows no GPU (cudaErrorNoDevice)"},
      {"GPUSIM_ARCHITECTURE=70",
       "gpusim has compute capability 7.0, for which this program has no code: it has machine code for"},
  };
  const auto run_on = [](const std::string& machine, std::vector<std::string> arguments) {
    return run(
        {.arguments = std::move(arguments), .input = "", .environment = {machine}, .meanwhile = nullptr});
  };
  for (const auto& [machine, message] : machines) {
    const Outcome outcome = run_on(machine, {"selftest", "--device", "cuda"});
    INFO(machine, "\n", outcome.err);
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find(message) != std::string::npos);
    const Outcome version = run_on(machine, {"--version"});
    CHECK(version.code == 0);
    CHECK(version.out.find("off (") != std::string::npos);
    CHECK(run_on(machine, {"selftest", "--op", "exp"}).code == 0);  // the CPU is there
  }
  const Outcome beyond = program({"selftest", "--device", "cuda:1"});
  CHECK(beyond.code == 1);
  CHECK(beyond.err.find("cuda:1 is not available: only cuda:0 is there") != std::string::npos);
  CHECK(run_on("GPUSIM_ARCHITECTURE=80", {"selftest", "--device", "cuda", "--op", "exp"}).code == 0);
}
