// The whole pipeline with --device cuda, made small.
#include <doctest/doctest.h>

#include "tests/apps/program.h"

using namespace mosaic::test;
using mosaic::cat;
using mosaic::json;
namespace fs = std::filesystem;

TEST_CASE("program: quickstart on CUDA leaves a searched, extracted and scored model") {
  const Folder folder;
  write_toy_corpus(folder / "text", 200, 20);
  std::vector<std::string> arguments = {"quickstart",
                                        "--scale",
                                        "nano",
                                        "--device",
                                        "cuda",
                                        "--updates",
                                        "4",
                                        "--pairs",
                                        "100",
                                        "--out",
                                        (folder / "quick").string(),
                                        "--json"};
  for (const char* split : {"train", "valid", "test"}) {
    arguments.push_back(cat("--", split));
    arguments.push_back((folder / cat("text/", split)).string());
  }
  for (const char* setting :
       {"corpus.vocabulary=90", "train.batches.max_tokens=64", "train.batches.valid_pairs=2",
        "train.decoding.beam=2", "train.decoding.max_length=6", "finetune.decoding.beam=2",
        "finetune.decoding.max_length=6", "finetune.batches.max_tokens=64", "finetune.batches.valid_pairs=2",
        "latency.count=3", "latency.repeated=0", "latency.repeats=2", "search.method=random",
        "search.samples=2", "search.valid_pairs=2", "search.measurements=2", "test_pairs=3"}) {
    arguments.push_back("--set");
    arguments.push_back(setting);
  }
  const Outcome outcome = program(arguments);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const json result = outcome.last_json();
  CHECK(result["device"].get<std::string>().starts_with("cuda:0 (gpusim"));
  for (const char* key : {"bleu_supernet", "bleu_inherited", "bleu_finetuned"})
    CHECK(result[key].is_number());
  for (const char* key : {"latency_ms_limit", "latency_ms_predicted", "latency_ms_measured"})
    CHECK(result[key].get<double>() > 0);
  const json found = json::parse(read(folder / "quick/search/results/search.json"));
  CHECK(found["best"] == result["arch"]);
  CHECK(json::parse(read(folder / "quick/latency.json"))["measured"]["device"] == "cuda:0");
  CHECK(json::parse(read(folder / "quick/supernet/manifest.json"))["cuda"].get<std::string>().starts_with(
      "gpusim"));
  const json bleu = program({"score", "bleu", "-r", result["references"].get<std::string>(),
                             result["hypotheses"].get<std::string>(), "--json"})
                        .last_json();
  CHECK(bleu["score"] == result["bleu_finetuned"]);
  // The model is extracted: it translates without a GPU, as it did on it.
  const Outcome there = run({.arguments = {"translate", "--model", result["model"].get<std::string>()},
                             .input = "the big dog sees the red house.\n",
                             .environment = {},
                             .meanwhile = nullptr});
  INFO(there.err);
  CHECK(there.code == 0);
  CHECK(fs::exists(result["report"].get<std::string>()));
}
