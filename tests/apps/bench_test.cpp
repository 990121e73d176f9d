#include <doctest/doctest.h>

#include <sstream>

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

  TEST_CASE("translation by a static model, of text and of random sources") {
    const Folder folder;
    const std::string model = (folder / "run" / "model").string();
    std::vector<std::string> training = {"train",
                                         "--recipe",
                                         "multi30k-tiny",
                                         "--data",
                                         toy_data().string(),
                                         "--out",
                                         (folder / "run").string()};
    for (const std::string& word : toy_training(2)) training.push_back(word);
    REQUIRE(program(training).code == 0);
    const auto translate = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.begin(),
                       {"bench", "translate", "--model", model, "--threads", "1", "--json"});
      return program(arguments);
    };
    const std::vector<std::string> keys = {"sentences",
                                           "source_tokens",
                                           "tokens",
                                           "beam",
                                           "rows",
                                           "milliseconds",
                                           "milliseconds_min",
                                           "milliseconds_max",
                                           "tokens_per_second",
                                           "peak_bytes",
                                           "device",
                                           "threads",
                                           "isa"};

    const std::string ids = (folder / "ids").string();
    const json random = translate({"--beam", "3", "--rows", "2", "--sentences", "5", "--length", "7",
                                   "--repeats", "2", "--hypotheses", ids})
                            .last_json();
    check_keys(random, keys);
    CHECK(random["source_tokens"] == 5 * 7);
    CHECK(random["tokens"] == 5 * 7);  // forced to the sources' length
    CHECK(random["milliseconds_min"].get<double>() <= random["milliseconds"].get<double>());
    std::istringstream lines(read(ids));
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      const json sentence = json::parse(line);
      CHECK(sentence["source"].size() == 7);
      CHECK(sentence["hypothesis"].size() == 6);
      CHECK(sentence["log_probability"].get<double>() < 0);
    }
    CHECK(count == 5);

    // Blank lines are passed over.
    write(folder / "text", "a b c\n\nb a\nc c c\n");
    const json text = translate({"--input", (folder / "text").string(), "--sentences", "2", "--max-length",
                                 "4", "--repeats", "1", "--hypotheses", ids})
                          .last_json();
    check_keys(text, keys);
    CHECK(text["sentences"] == 2);
    CHECK(text["beam"] == 1);
    CHECK(text["tokens"].get<int64_t>() <= 2 * 5);
  }

  TEST_CASE("translations that cannot be timed are refused") {
    const Folder folder;
    const std::string somewhere = folder.path().string();
    CHECK(program({"bench", "translate"}).code == 2);
    CHECK(program({"bench", "translate", "--model", somewhere, "--input", "x", "--length", "5"}).code == 2);
    CHECK(program({"bench", "translate", "--model", somewhere, "--max-length", "5"}).code == 2);
    CHECK(program({"bench", "translate", "--model", somewhere, "--beam", "0"}).code == 2);
    CHECK(program({"bench", "translate", "--model", somewhere}).code != 0);
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
