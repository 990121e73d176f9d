// Spaces: the files that come with the library, counting, drawing, and refusing bad files.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "mos/translation.h"
#include "space_support.h"

using namespace mosaic;
using namespace mosaic::mos;

namespace {

json small_space() {
  return parse_json(
      R"({"format": "mosaic-space", "version": 1, "name": "toy", "model": "generic", "fixed": {},
    "choices": [{"name": "width", "values": [1.5, 2]}, {"name": "depth", "values": [1, 3]},
                {"name": "size", "values": [4, 8, 16], "per": "depth"}, {"name": "tail", "values": [0, 1], "per": 2}],
    "encoding": {"normaliser": [2, 3, 8, 1], "fine_normaliser": [2, 3, 16, 1]}})",
      "toy.json");
}

}  // namespace

TEST_CASE("sizes of the spaces") {
  const std::map<std::string, std::string> sizes = {{"wmt", "417846678672384"},
                                                    {"iwslt", "417846678672384"},
                                                    {"tiny", "41461632"},
                                                    {"quickstart", "17408"},
                                                    {"nano", "144"},
                                                    {"bert-bottleneck", "13841287201"},
                                                    {"bert-bottleneck-tiny", "117649"},
                                                    {"bert-bottleneck-nano", "81"},
                                                    {"bert-homogeneous", "550"},
                                                    {"bert-homogeneous-tiny", "120"},
                                                    {"bert-homogeneous-nano", "36"}};
  CHECK(space_names().size() == sizes.size());
  for (const auto& [name, count] : sizes) CHECK(count_text(space_named(name).count()) == count);
  CHECK(count_text(Space::from_json(small_space(), "toy").count()) == "240");  // 2 x (3 + 27) x 2 x 2
  CHECK(count_text(~Count{0}) == "340282366920938463463374607431768211455");
}

TEST_CASE("the paper's BERT space of one hidden size a layer is another JSON") {
  const Space bert = Space::from_json(parse_json(R"({"format": "mosaic-space", "version": 1, "name": "b",
    "model": "generic", "fixed": {"heads": 12}, "choices": [{"name": "hidden", "per": 12,
    "values": [120, 240, 360, 480, 540, 600, 768]}],
    "encoding": {"normaliser": [768], "fine_normaliser": [768]}})",
                                                 "b.json"),
                                      "b.json");
  CHECK(count_text(bert.count()) == "13841287201");
  CHECK(bert.largest().to_json()["hidden"].size() == 12);
}

TEST_CASE("every space draws, mutates and crosses inside itself") {
  for (const std::string& name : space_names()) {
    CAPTURE(name);
    const Space space = space_named(name);
    CHECK(space.name() == name);
    CHECK(Space::from_json(space.to_json(), "again").hash() == space.hash());
    Generator g(7);
    Genes a = space.sample_genes(g), b = space.sample_genes(g);
    for (int i = 0; i < 200; ++i) {
      const Arch arch = space.sample(g);
      CHECK(space.contains(arch));
      CHECK(space.parse(arch.to_json(), "x") == arch);
      CHECK(space.from_genes(space.to_genes(arch)) == arch);
      const Genes child = space.cross(a, b, g);
      for (size_t k = 0; k < child.size(); ++k) CHECK((child[k] == a[k] || child[k] == b[k]));
      a = space.mutate(child, 0.3, g);
      CHECK(space.contains(space.from_genes(a)));
      b = space.to_genes(arch);
    }
    CHECK(space.mutate(a, 0, g) == a);
    for (const Extremes e : {Extremes::exact, Extremes::hat}) {
      CHECK(space.contains(space.largest(e)));
      CHECK(space.contains(space.smallest(e)));
    }
  }
}

TEST_CASE("the extremes are the true ones unless HAT's are asked for") {
  const Space wmt = space_named("wmt");
  CHECK(wmt.largest().integers("decoder.arbitrary") == std::vector<int64_t>(6, 2));
  CHECK(wmt.smallest().integers("decoder.arbitrary") == std::vector<int64_t>{-1});
  CHECK(wmt.largest(Extremes::hat).integers("decoder.arbitrary") == std::vector<int64_t>(6, 1));
  CHECK(wmt.smallest(Extremes::hat).integers("decoder.arbitrary") == std::vector<int64_t>{1});
  CHECK(wmt.smallest().integer("encoder.embed") == 512);
}

TEST_CASE("draws: the same from the same seed, every decoder depth equally often") {
  const Space wmt = space_named("wmt");
  Generator a(3), b(3), c(4);
  CHECK(wmt.sample(a) == wmt.sample(b));
  CHECK(!(wmt.sample(a) == wmt.sample(c)));
  std::map<int64_t, int> depth;
  for (int i = 0; i < 6000; ++i) ++depth[wmt.sample(a).integer("decoder.layers")];
  CHECK(depth.size() == 6);
  for (const auto& [unused, times] : depth) CHECK((times > 850 && times < 1150));
}

TEST_CASE("a draw uses random numbers in HAT's order: arbitrary attention for inactive layers too") {
  const Space wmt = space_named("wmt");
  Generator g(11), replay(11);
  const Arch arch = wmt.sample(g);
  const auto draw = [&](const char* name) {
    const auto& v = wmt.choice(name).values;
    return static_cast<int64_t>(v[static_cast<size_t>(replay.below(v.size()))]);
  };
  CHECK(draw("encoder.embed") == arch.integer("encoder.embed"));
  CHECK(draw("decoder.embed") == arch.integer("decoder.embed"));
  CHECK(draw("encoder.layers") == arch.integer("encoder.layers"));
  CHECK(draw("decoder.layers") == arch.integer("decoder.layers"));
  for (int64_t l = 0; l < 6; ++l) {
    CHECK(draw("encoder.ffn") == arch.integer("encoder.ffn", l));
    CHECK(draw("encoder.heads") == arch.integer("encoder.heads", l));
  }
  const int64_t layers = arch.integer("decoder.layers");
  for (int64_t l = 0; l < layers; ++l)
    for (const char* name : {"decoder.ffn", "decoder.self_heads", "decoder.cross_heads"})
      CHECK(draw(name) == arch.integer(name, l));
  for (int64_t l = 0; l < 6; ++l) {
    const int64_t v = draw("decoder.arbitrary");
    if (l < layers) CHECK(v == arch.integer("decoder.arbitrary", l));
  }
  CHECK(replay.position() == g.position());
}

TEST_CASE("numbering covers a space exactly once") {
  for (const Space& space :
       {space_named("nano"), space_named("quickstart"), Space::from_json(small_space(), "toy")}) {
    std::set<std::string> seen;
    for (const Arch& arch : space.enumerate()) {
      CHECK(space.contains(arch));
      seen.insert(arch.text());
    }
    CHECK(count_text(seen.size()) == count_text(space.count()));
  }
  CHECK(!refusal([] { space_named("wmt").enumerate(); }).empty());
  const Space wmt = space_named("wmt");
  CHECK(wmt.contains(wmt.nth(wmt.count() - 1)));
  CHECK(!refusal([&] { wmt.nth(wmt.count()); }).empty());
}

TEST_CASE("bad space files are refused with the place") {
  const auto refused = [](const json& bad, const std::string& part) {
    const std::string text = refusal([&] { Space::from_json(bad, "mine.json"); });
    CAPTURE(text);
    CHECK(text.find("mine.json") != std::string::npos);
    CHECK(text.find(part) != std::string::npos);
  };
  const auto changed = [](auto change) {
    json bad = small_space();
    change(bad);
    return bad;
  };
  refused(json::array(), "");
  refused(changed([](json& s) { s["choices"][0]["values"] = json::array(); }), "choices[0]");
  refused(changed([](json& s) { s["choices"][0]["values"] = {2, 2}; }), "repeated");
  refused(changed([](json& s) { s["choices"][0]["super"] = 1; }), "below the largest");
  refused(changed([](json& s) { s["choices"][2]["per"] = "dpeth"; }), "dpeth");
  refused(changed([](json& s) { s["choices"][1]["values"] = {0, 3}; }), "depth");
  refused(changed([](json& s) { s["choices"][1]["values"] = {1, 1e9}; }), "depth");
  refused(changed([](json& s) { s["choices"][3]["name"] = "width"; }), "twice");
  refused(changed([](json& s) { s["choices"][0]["valeus"] = 1; }), "valeus");
  refused(changed([](json& s) { s["encoding"]["normaliser"] = {1, 2}; }), "normalisers");
  refused(changed([](json& s) { s["encoding"]["normaliser"][0] = 0; }), "positive");
  refused(changed([](json& s) { s["model"] = "bret"; }), "model");
  refused(changed([](json& s) { s["version"] = 2; }), "version");

  json tiny = space_named("tiny").to_json();
  tiny["choices"][3]["values"] = {4, 3};
  refused(tiny, "divide");
  tiny = space_named("nano").to_json();
  tiny["choices"][9]["values"] = {-1, 2};
  tiny["choices"][9].erase("hat_extreme");
  refused(tiny, "deeper than an encoder");
  tiny = space_named("nano").to_json();
  tiny["choices"][0]["values"] = {64.5};
  refused(tiny, "integers");
  CHECK(refusal([] { space_named("tniy"); }).find("did you mean \"tiny\"") != std::string::npos);
  CHECK(refusal([] { space_named("missing/space.json"); }).find("missing/space.json") != std::string::npos);
}
