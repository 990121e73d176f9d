// BERT's spaces: sizes, the paper's parameter counts, encodings, refusals.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "mos/bert_cost.h"
#include "mos/encoding.h"
#include "space_support.h"

using namespace mosaic;
using namespace mosaic::mos;

namespace {

Arch homogeneous(const Space& space, int64_t hidden, int64_t heads, double ratio) {
  return space.parse({{"hidden", hidden},
                      {"heads", heads},
                      {"ratio", number_json(ratio)},
                      {"layers", space.choice("layers").values[0]}},
                     "arch");
}

double largest_gap(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

}  // namespace

TEST_CASE("the paper's parameter counts of BERT") {
  const Space bottleneck = space_named("bert-bottleneck"), same = space_named("bert-homogeneous");
  CHECK(parameters(bottleneck, bottleneck.largest()) == 117161472);
  CHECK(parameters(bottleneck, bottleneck.smallest()) == 34361328);
  CHECK(parameters(same, homogeneous(same, 120, 12, 2)) == 5137560);
  CHECK(parameters(same, homogeneous(same, 120, 6, 2)) == 5137560);
  CHECK(parameters(same, homogeneous(same, 180, 6, 3.5)) == 9923580);
  CHECK(parameters(same, homogeneous(same, 372, 12, 2.5)) == 26682444);
  CHECK(parameters(same, homogeneous(same, 384, 12, 3)) == 29817216);
  CHECK(parameters(same, homogeneous(same, 504, 6, 3.5)) == 49504392);
  CHECK(parameters(same, same.largest()) == 109483776);
  // Without bottlenecks only the vocabulary bias is left out of the paper's rule.
  CHECK(parameters_exact(same, same.largest()).total() == 109483776 + 30522);
  CHECK(bert_arch(same, same.largest()).layers.size() == 12);
}

TEST_CASE("how many architectures lie in the paper's windows") {
  const Space space = space_named("bert-homogeneous");
  std::vector<int64_t> counts;
  for (const Arch& arch : space.enumerate()) counts.push_back(parameters(space, arch));
  const auto within = [&](double low, double high) {
    return std::count_if(counts.begin(), counts.end(), [&](int64_t n) {
      return static_cast<double>(n) >= low * 1e6 && static_cast<double>(n) <= high * 1e6;
    });
  };
  CHECK(counts.size() == 550);
  CHECK(within(4, 5.13756) == 2);
  CHECK(within(8, 10) == 22);
  CHECK(within(25, 26.8) == 14);
  CHECK(within(28, 30) == 14);
  CHECK(within(48, 50) == 10);
  CHECK(within(58, 60) == 10);
  CHECK(within(65, 66.5) == 4);
}

TEST_CASE("BERT's encodings: twelve values with bottlenecks, three without, four with the depth") {
  const Space bottleneck = space_named("bert-bottleneck");
  CHECK(encoding_size(bottleneck, Encoding::coarse) == 12);
  json text = bottleneck.smallest().to_json();
  text["hidden"][3] = 540;
  std::vector<double> expected(12, 0.01);
  expected[3] = 0.01 + (540.0 - 120) / 648;
  const Arch one = bottleneck.parse(text, "a");
  CHECK(largest_gap(encode(bottleneck, one), expected) < 1e-12);
  CHECK(largest_gap(encode(bottleneck, bottleneck.largest()), std::vector<double>(12, 1.01)) < 1e-12);

  const Space same = space_named("bert-homogeneous");
  const Arch arch = homogeneous(same, 372, 6, 2.5);
  CHECK(encoding_size(same, Encoding::coarse) == 3);
  CHECK(largest_gap(encode(same, arch), {372.0 / 768, 0.5, 930.0 / 3072}) < 1e-12);
  CHECK(largest_gap(encode(same, same.largest()), {1, 1, 1}) < 1e-12);
  CHECK(encoding_size(same, Encoding::fine) == 4);
  CHECK(largest_gap(encode(same, arch, Encoding::fine), {372.0 / 768, 0.5, 2.5 / 4, 1}) < 1e-12);
}

TEST_CASE("scaled BERT spaces keep the range of the encodings") {
  for (const char* scale : {"-tiny", "-nano"}) {
    CAPTURE(scale);
    const Space bottleneck = space_named(cat("bert-bottleneck", scale));
    const size_t layers = bert_arch(bottleneck, bottleneck.largest()).layers.size();
    CHECK(largest_gap(encode(bottleneck, bottleneck.largest()), std::vector<double>(layers, 1.01)) < 1e-12);
    CHECK(largest_gap(encode(bottleneck, bottleneck.smallest()), std::vector<double>(layers, 0.01)) < 1e-12);
    const Space same = space_named(cat("bert-homogeneous", scale));
    CHECK(largest_gap(encode(same, same.largest()), {1, 1, 1}) < 1e-12);
    const std::vector<double> small = encode(same, same.smallest());
    CHECK(small[0] <= 0.5);
    CHECK(small[1] == 0.5);
    CHECK(small[2] <= 0.25);
    CHECK(Space::from_json(same.to_json(), "again").to_json() == same.to_json());
  }
}

TEST_CASE("BERT's sizes as typed fields") {
  const Space space = space_named("bert-bottleneck-tiny");
  const BertArch small = bert_arch(space, space.smallest()), super = super_bert_arch(space);
  CHECK(small.bottlenecks);
  CHECK(small.stream == 192);
  REQUIRE(small.layers.size() == 6);
  CHECK(small.layers[5] == BertArch::Layer{.hidden = 60, .heads = 6, .ffn = 512});
  CHECK(super.layers[0].hidden == 192);
  CHECK(!refusal([&] { bert_arch(space_named("nano"), space_named("nano").largest()); }).empty());
  CHECK(!refusal([&] { bert_arch(space, space_named("bert-bottleneck").largest()); }).empty());
}

TEST_CASE("FLOPs of BERT by hand") {
  const Space space = space_named("bert-bottleneck-nano");  // stream 120, 6 heads, feed-forward 256
  const Flops f = flops(space, space.smallest(), {.source = 10}, 1000);
  CHECK(f.encoder == 4 * 2 * (4 * 10 * 60 * 60 + 2 * 10 * 10 * 60 + 2 * 10 * 60 * 256 + 2 * 10 * 120 * 60));
  CHECK(f.output == 2 * 10 * 120 * (120 + 1000));
}

TEST_CASE("an elastic depth is another JSON") {
  json text = space_named("bert-homogeneous").to_json();
  text["choices"][3]["values"] = {6, 9, 12};
  const Space space = Space::from_json(text, "deep.json");
  CHECK(count_text(space.count()) == "1650");
  CHECK(bert_arch(space, space.smallest()).layers.size() == 6);
  CHECK(super_bert_arch(space).layers.size() == 12);
}

TEST_CASE("bad BERT spaces are refused with the place") {
  const auto refused = [](const char* name, const std::string& part, auto change) {
    json bad = space_named(name).to_json();
    change(bad);
    const std::string text = refusal([&] { Space::from_json(bad, "mine.json"); });
    CAPTURE(text);
    CHECK(text.find("mine.json") != std::string::npos);
    CHECK(text.find(part) != std::string::npos);
  };
  const char *bottleneck = "bert-bottleneck", *same = "bert-homogeneous";
  refused(same, "5 heads do not divide", [](json& s) { s["choices"][1]["values"] = {12, 5}; });
  refused(same, "integers", [](json& s) { s["choices"][0]["values"][3] = 120.5; });
  refused(same, "vocabulary", [](json& s) { s["fixed"].erase("vocabulary"); });
  refused(same, "one of ffn and ratio", [](json& s) { s["fixed"]["ffn"] = 3072; });
  refused(same, "both a choice and a fixed size", [](json& s) { s["fixed"]["heads"] = 6; });
  refused(same, "no choice widht", [](json& s) {
    s["choices"][3]["name"] = "widht";
    s["fixed"]["layers"] = 12;
  });
  refused(same, "features[0]", [](json& s) { s["encoding"]["features"][0]["of"] = "hiden"; });
  refused(same, "features[1]", [](json& s) { s["encoding"]["features"][1]["scale"] = 0; });
  refused(bottleneck, "no size", [](json& s) { s["fixed"]["sream"] = 768; });
  refused(bottleneck, "stream", [](json& s) { s["fixed"].erase("stream"); });
  refused(bottleneck, "product", [](json& s) { s["encoding"]["features"][0]["times"] = "hidden"; });
}
