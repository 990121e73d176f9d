#include <doctest/doctest.h>

#include "apps/common/timed_updates.h"
#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::json;

namespace {

// A run of `bench` on a batch that takes milliseconds.
Outcome bench(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "bench");
  for (const char* more : {"--rows", "2", "--length", "8", "--vocabulary", "50", "--threads", "1", "--json"})
    arguments.emplace_back(more);
  return program(arguments);
}

std::vector<std::string> step(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"step", "--steps", "2"});
  return arguments;
}

void check_keys(const json& result, const std::vector<std::string>& keys) {
  CHECK(result.size() == keys.size());
  for (const std::string& key : keys) {
    INFO(key);
    CHECK(result.contains(key));
  }
}

const std::vector<std::string> step_keys = {"model",
                                            "parameters",
                                            "milliseconds",
                                            "milliseconds_min",
                                            "milliseconds_max",
                                            "tokens_per_second",
                                            "peak_bytes",
                                            "device",
                                            "threads",
                                            "isa"};

}  // namespace

TEST_SUITE("apps/bench") {
  TEST_CASE("steps of plain models and of supernets, of both kinds") {
    const std::vector<std::string> sizes = {"--embed", "16", "--ffn", "24", "--heads", "4", "--layers", "1"};
    std::vector<std::string> bert = sizes;
    bert.insert(bert.end(), {"--model", "bert", "--dropout", "0.1", "--attention-dropout", "0.1"});
    const json masked = bench(step(bert)).last_json();
    check_keys(masked, step_keys);
    CHECK(masked["model"] == "bert");
    // Embeddings of 50 words, 512 positions and 2 types with their norm; four projections, fc1, fc2 and two
    // norms; the head's dense, norm and bias.
    CHECK(masked["parameters"] == (50 + 512 + 2 + 2) * 16 + 4 * (16 * 16 + 16) + (16 * 24 + 24) +
                                      (24 * 16 + 16) + 4 * 16 + (16 * 16 + 16) + 2 * 16 + 50);
    const json translation = bench(step(sizes)).last_json();
    check_keys(translation, step_keys);
    CHECK(translation["model"] == "transformer");
    for (const auto& [space, model] : {std::pair{"nano", "transformer"}, {"bert-homogeneous-nano", "bert"}}) {
      const json sandwich =
          bench(step({"--space", space, "--mixture", "neuron-wise", "--policy", "sandwich"})).last_json();
      check_keys(sandwich, step_keys);
      CHECK(sandwich["model"] == model);
    }
    CHECK(bench(step({"--space", "bert-homogeneous-nano", "--model", "bert", "--policy", "single"})).code ==
          0);
  }

  TEST_CASE("overhead of mixtures, of both kinds") {
    for (const char* space : {"nano", "bert-homogeneous-nano"}) {
      const json result =
          bench({"overhead", "--space", space, "--mixture", "layer-wise", "--pairs", "2"}).last_json();
      check_keys(result, {"model", "mixture", "pairs", "milliseconds", "milliseconds_without", "ratio",
                          "ratio_low", "ratio_high", "device", "threads", "isa"});
      CHECK(result["pairs"] == 2);
      CHECK(result["ratio"].get<double>() > 0);
    }
  }

  TEST_CASE("sizes and words that make no model are refused") {
    for (const char* model : {"bert", "transformer"}) {
      const Outcome uneven = bench(step({"--model", model, "--embed", "16", "--heads", "3"}));
      CHECK(uneven.code == 2);
      CHECK(uneven.err.find("--heads") != std::string::npos);
    }
    CHECK(bench(step({"--model", "bertt"})).err.find("did you mean bert?") != std::string::npos);
    const Outcome other = bench(step({"--model", "transformer", "--space", "bert-homogeneous-nano"}));
    CHECK(other.code == 2);
    CHECK(other.err.find("bert-homogeneous-nano") != std::string::npos);
    CHECK(bench(step({"--model", "bert", "--mixture", "layer-wise"})).code == 2);
    CHECK(bench(step({"--model", "bert", "--layers", "0"})).code == 2);
    CHECK(bench(step({"--model", "bert", "--dropout", "1"})).code == 2);
  }

  TEST_CASE("synthetic masks: an exact number a row, no place twice") {
    mosaic::apps::TimedModel settings;
    settings.bert = true;
    settings.vocabulary = 50;
    settings.rows = 3;
    settings.length = 20;
    settings.batches = 2;
    for (const mosaic::nn::Batch& batch : mosaic::apps::synthetic_batches(settings)) {
      const auto& masked = std::get<mosaic::nn::MaskedBatch>(batch);
      const auto places = masked.places.host<int32_t>(), targets = masked.targets.host<int32_t>();
      REQUIRE(places.size() == 9);
      CHECK(targets.size() == 9);
      for (size_t i = 0; i < places.size(); ++i) {
        CHECK(places[i] / 20 == static_cast<int32_t>(i / 3));
        if (i > 0) CHECK(places[i] > places[i - 1]);
        CHECK((targets[i] >= 4 && targets[i] < 50));
      }
    }
    settings.length = 1;
    CHECK(std::get<mosaic::nn::MaskedBatch>(mosaic::apps::synthetic_batches(settings)[0]).places.numel() ==
          3);
  }
}
