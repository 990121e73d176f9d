// mosaic bench translate.
#include <doctest/doctest.h>

#include <sstream>

#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::json;

TEST_SUITE("apps/bench") {
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
}
