#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "apps/common/in_turns.h"
#include "apps/common/timed_evaluations.h"
#include "apps/common/timed_products.h"
#include "apps/common/timed_updates.h"
#include "engine/core/meter.h"
#include "engine/core/parallel.h"
#include "mos/cost.h"
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

const std::vector<std::string> step_keys = {"model",
                                            "parameters",
                                            "milliseconds",
                                            "milliseconds_min",
                                            "milliseconds_max",
                                            "tokens_per_second",
                                            "gigaflops",
                                            "gigaflops_per_second",
                                            "roof_gigaflops_per_second",
                                            "share_of_roof",
                                            "processor_share",
                                            "clock",
                                            "peak_bytes",
                                            "peak_rss_bytes",
                                            "rss_bytes_before",
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
    const json by_processor = bench(step({"--space", "bert-homogeneous-nano", "--model", "bert", "--policy",
                                          "single", "--clock", "cpu"}))
                                  .last_json();
    CHECK(by_processor["clock"] == "cpu");
    CHECK(by_processor["processor_share"].get<double>() > 0);
    const Outcome added_up = program({"bench", "step", "--clock", "cpu", "--threads", "2"});
    CHECK(added_up.code == 2);
    CHECK(added_up.err.find("--threads 1") != std::string::npos);
    CHECK(masked["peak_rss_bytes"] > masked["peak_bytes"]);
    CHECK(masked["peak_rss_bytes"] >= masked["rss_bytes_before"]);
    const double share = masked["share_of_roof"].get<double>();
    CHECK((share > 0 && share < 1));
    CHECK(share == doctest::Approx(masked["gigaflops_per_second"].get<double>() /
                                   masked["roof_gigaflops_per_second"].get<double>()));
  }

  TEST_CASE("a BERT's fine-tuning on texts of given lengths") {
    const auto timed = [](const std::string& texts) {
      std::vector<std::string> arguments = {"bench", "step", "--steps", "2", "--threads", "1", "--json"};
      for (const char* size : {"--model", "bert", "--vocabulary", "50", "--embed", "16", "--ffn", "24",
                               "--heads", "4", "--layers", "1", "--texts"})
        arguments.emplace_back(size);
      arguments.push_back(texts);
      return program(arguments);
    };
    const auto of = [&](const std::string& texts) { return timed(texts).last_json(); };
    const json one = of("9"), three = of("5,9,3");
    check_keys(three, step_keys);
    CHECK(three["parameters"] == (50 + 512 + 2 + 2) * 16 + 4 * (16 * 16 + 16) + (16 * 24 + 24) +
                                     (24 * 16 + 16) + 4 * 16 + (16 * 16 + 16) + 2 * 16 + 2);
    // Padding is no work: 17 tokens, not 27.
    const auto work = [](const json& of) { return of["gigaflops"].get<double>(); };
    CHECK(work(three) < 17.5 / 9 * work(one));
    CHECK(three["tokens_per_second"].get<double>() ==
          doctest::Approx(17 / three["milliseconds"].get<double>() * 1e3));
    CHECK(bench(step({"--texts", "5,9"})).err.find("--model bert") != std::string::npos);
    CHECK(bench(step({"--model", "bert", "--texts", "5,9"})).err.find("--rows") != std::string::npos);
    CHECK(timed("5,0").code == 2);
    CHECK(timed("5,x").code == 2);
    CHECK(bench(step({"--space", "bert-homogeneous-nano", "--texts", "5"})).code == 2);
  }

  TEST_CASE("the standalone model of an architecture") {
    for (const char* name : {"nano", "bert-homogeneous-nano"}) {
      const mosaic::mos::Space space = mosaic::mos::space_named(name);
      for (const auto& [word, arch] :
           {std::pair{"largest", space.largest()}, {"smallest", space.smallest()}}) {
        const json result = bench(step({"--space", name, "--arch", word})).last_json();
        CHECK(result["parameters"] ==
              mosaic::mos::parameters_exact(space, arch, {.source = 50, .target = 50}).total());
      }
    }
    CHECK(bench(step({"--arch", "largest"})).err.find("--space") != std::string::npos);
    CHECK(bench(step({"--space", "nano", "--arch", "largest", "--mixture", "layer-wise"})).code == 2);
  }

  TEST_CASE("counted operations are those of the cost model, three times: forward and two gradients") {
    const int64_t rows = 3, length = 20, vocabulary = 50;
    for (const char* name : {"nano", "bert-homogeneous-nano"}) {
      mosaic::apps::TimedModel settings;
      settings.space = mosaic::mos::space_named(name);
      settings.arch = settings.space->largest();
      settings.bert = settings.space->model() == "bert";
      settings.vocabulary = vocabulary, settings.rows = rows, settings.length = length;
      settings.dropout = 0.1;
      mosaic::apps::TimedUpdates updates(settings);
      const mosaic::Meter meter;
      updates.update();
      const auto flops = mosaic::mos::flops(*settings.space, *settings.arch, {length, length}, vocabulary);
      int64_t expected = rows * flops.body() + rows * flops.output;
      if (settings.bert) {  // three of twenty tokens are guessed, the others do not reach the head
        expected -= rows * flops.output / length * (length - 3);
      } else {  // the model counts all pairs of causal attention, of which the later half is not seen
        const int64_t hidden = length * (length - 1) / 2;
        const auto layers = static_cast<int64_t>(settings.arch->value("decoder.layers"));
        expected -= rows * layers * 2 * 2 * hidden * static_cast<int64_t>(settings.space->fixed("qkv_dim"));
      }
      CHECK(2 * meter.read().multiply_adds == 3 * expected);
      CHECK(meter.read().launches > 0);
    }
  }

  TEST_CASE("roofs: every instruction set of this processor and the memory, for each number of threads") {
    const json result = program({"bench", "roof", "--threads", "2", "--threads", "1", "--json"}).last_json();
    check_keys(result, {"isa", "multiply_add", "copy"});
    REQUIRE(result["copy"].size() == 2);
    CHECK(result["copy"][0]["threads"] == 1);
    CHECK(result["copy"][1]["threads"] == 2);
    REQUIRE(result["multiply_add"].size() >= 2);
    for (const json& roof : result["multiply_add"]) CHECK(roof["gigaflops_per_second"].get<double>() > 0.5);
    for (const json& roof : result["copy"]) CHECK(roof["gigabytes_per_second"].get<double>() > 0.1);
    const Outcome table = program({"bench", "roof", "--threads", "1"});
    CHECK(table.out.find("memory copy") != std::string::npos);
    CHECK(program({"bench", "roof", "--threads", "0"}).code == 2);
  }

  TEST_CASE("products beside the roof and whatever BLAS is installed") {
    const std::vector<std::string> quick = {"bench", "gemm", "--rounds", "2", "--milliseconds", "0.1"};
    const auto gemm = [&](std::vector<std::string> more) {
      more.insert(more.begin(), quick.begin(), quick.end());
      return program(more);
    };
    const json result =
        gemm({"--only", "64x64x64", "--threads", "1", "--threads", "2", "--json"}).last_json();
    check_keys(result, {"isa", "rounds", "clock", "peers", "roofs", "results", "summaries"});
    REQUIRE(result["results"].size() == 2);
    for (const json& product : result["results"]) {
      CHECK(product["product"] == "product 64x64x64");
      CHECK(product["share_of_roof"].get<double>() > 0);
      for (const auto& [name, peer] : product["peers"].items()) {
        CHECK(result["peers"].contains(name));
        CHECK(peer["over_ours"].get<double>() > 0);
      }
    }
    const Outcome table = gemm({"--only", "linear+relu 20", "--threads", "1", "--peer", "none"});
    CHECK(table.out.find("linear+relu 20x160x32") != std::string::npos);
    CHECK(gemm({"--only", "no such product"}).code == 2);
    CHECK(gemm({"--peer", "mkl"}).code == 2);
  }

  TEST_CASE("peers compute the same products") {
    // A batch, both transposes, accumulation: what the shapes of the table use.
    std::vector<float> a(2 * 3 * 4), b(2 * 4 * 5), ours(2 * 3 * 5, 1), theirs(2 * 3 * 5, 1);
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 7) - 3;
    for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 5) - 2;
    for (const mosaic::apps::BlasPeer& peer : mosaic::apps::BlasPeer::found()) {
      INFO(peer.about());
      peer.set_threads(1);
      for (const bool trans_a : {false, true}) {
        for (const bool trans_b : {false, true}) {
          mosaic::kernels::GemmArgs args{.m = 3,
                                         .n = 5,
                                         .k = 4,
                                         .a = a.data(),
                                         .lda = trans_a ? 3 : 4,
                                         .trans_a = trans_a,
                                         .b = b.data(),
                                         .ldb = trans_b ? 4 : 5,
                                         .trans_b = trans_b,
                                         .c = ours.data(),
                                         .ldc = 5,
                                         .accumulate = trans_a,
                                         .batch0 = 2,
                                         .a0 = 12,
                                         .b0 = 20,
                                         .c0 = 15};
          mosaic::kernels::gemm(args);
          args.c = theirs.data();
          peer.gemm(args);
          CHECK(ours == theirs);  // sums of small integers are exact
        }
      }
    }
  }

  TEST_CASE("contenders take turns, and ratios are of the same turn") {
    std::vector<int> order;
    const auto times =
        mosaic::apps::in_turns({[&] { order.push_back(0); }, [&] { order.push_back(1); }}, 4, 0);
    REQUIRE(times.size() == 2);
    CHECK(times[0].size() == 4);
    // Each twice to begin with (once untimed, once for the number of calls); then who begins alternates.
    CHECK(order == std::vector<int>{0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0});
    CHECK(mosaic::apps::median_ratio(std::vector<double>{2, 9, 8}, std::vector<double>{1, 3, 2}) == 3);
  }

  TEST_CASE("processor time and its share") {
    using mosaic::apps::Clock;
    mosaic::set_threads(1);
    const mosaic::apps::ProcessorShare processor;
    const double wall = mosaic::apps::seconds_on(Clock::wall),
                 own = mosaic::apps::seconds_on(Clock::processor);
    while (mosaic::apps::seconds_on(Clock::processor) - own < 0.02) {
    }
    const double busy = processor.share();
    CHECK((busy > 0 && busy < 1.05));
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    CHECK(mosaic::apps::seconds_on(Clock::wall) - wall >= 0.08);
    CHECK(processor.share() < busy);
  }

  TEST_CASE("ops beside the memory") {
    const json result = program({"bench", "ops", "--op", "layer_norm", "--shape", "8x16", "--repeat", "2",
                                 "--threads", "1", "--json"})
                            .last_json();
    check_keys(result,
               {"isa", "threads", "clock", "processor_share", "copy_gigabytes_per_second", "results"});
    REQUIRE(result["results"].size() == 3);
    for (size_t i = 0; i < 3; ++i) {
      CHECK(result["results"][i]["pass"] == std::vector<std::string>{"evaluate", "forward", "backward"}[i]);
      CHECK(result["results"][i]["shape"] == "8x16");
    }
    CHECK(program({"bench", "ops", "--op", "layer_norm", "--shape", "8"}).err.find("rows x columns") !=
          std::string::npos);
    CHECK(program({"bench", "ops", "--op", "no_op"}).code == 2);
    CHECK(program({"bench", "ops", "--shape", "8x16"}).code == 2);
  }

  TEST_CASE("scaling: points of an axis, and their picture") {
    const Folder folder;
    const std::string svg = (folder / "scaling.svg").string();
    const json result = program({"bench", "scaling", "--axis", "rows", "--axis", "experts", "--points", "2",
                                 "--rounds", "1", "--threads", "1", "--svg", svg, "--json"})
                            .last_json();
    REQUIRE(result["axes"].size() == 2);
    const json &rows = result["axes"][0]["points"], &experts = result["axes"][1]["points"];
    REQUIRE(rows.size() == 2);
    CHECK(rows[1]["size"] == 2 * rows[0]["size"].get<int64_t>());
    CHECK(rows[1]["gigaflops"].get<double>() == doctest::Approx(2 * rows[0]["gigaflops"].get<double>()));
    CHECK(experts[0]["size"] == 1);
    CHECK(!experts[0].contains("milliseconds_an_expert"));
    CHECK(experts[1].contains("milliseconds_an_expert"));
    const std::string picture = read(svg);
    CHECK(picture.find("GFLOP/s") != std::string::npos);
    CHECK(picture.find("experts of a neuron-wise mixture") != std::string::npos);
    CHECK(program({"bench", "scaling", "--axis", "age"}).err.find("depth") != std::string::npos);
  }

  TEST_CASE("evaluation of candidates, of both kinds") {
    for (const char* space : {"nano", "bert-homogeneous-nano"}) {
      const json result =
          bench({"evaluate", "--space", space, "--mixture", "neuron-wise", "--candidates", "2"}).last_json();
      check_keys(result, {"model", "space", "mixture", "candidates", "batches", "tokens", "milliseconds",
                          "metered_over_not", "share_outside_kernels", "share_outside_kernels_max",
                          "launches", "gigaflops_per_second", "roof_gigaflops_per_second", "share_of_roof",
                          "processor_share", "threads", "isa"});
      const double outside = result["share_outside_kernels"].get<double>();
      CHECK((outside > 0 && outside < 1));
      CHECK(result["launches"].get<double>() > 10);
    }
    CHECK(program({"bench", "evaluate", "--space", "nano", "--length", "3"}).err.find("4 tokens") !=
          std::string::npos);
  }

  TEST_CASE("batches like a validation set's: sorted by length, right-padded, every sentence in one") {
    mosaic::apps::TimedModel settings;
    settings.vocabulary = 50, settings.rows = 30, settings.length = 12, settings.batches = 2;
    const auto batches = mosaic::apps::validation_like_batches(settings);
    int64_t rows = 0, shorter = 0;
    for (const mosaic::nn::Batch& batch : batches) {
      const auto& source = std::get<mosaic::nn::SequenceBatch>(batch).source;
      rows += source.dim(0);
      CHECK(source.dim(1) >= shorter);
      shorter = source.dim(1);
    }
    CHECK(rows == 60);
    CHECK(batches.size() > 2);
    CHECK(mosaic::apps::scored_tokens(batches) < 60 * 12);
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
