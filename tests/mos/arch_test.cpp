// Architectures as values: reading, writing, equality, and refusals that name file and key.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "mos/translation.h"
#include "space_support.h"

using namespace mosaic;
using namespace mosaic::mos;

TEST_CASE("an architecture reads back as it was written") {
  const Space wmt = space_named("wmt");
  const Arch arch = wmt.parse(hat_208(), "arch.json");
  CHECK(arch.to_json() == hat_208());
  CHECK(wmt.parse(parse_json(arch.text(), "text"), "arch.json") == arch);
  CHECK(arch.integer("decoder.layers") == 5);
  CHECK(arch.integer("decoder.ffn", 2) == 3072);
  CHECK(arch.integers("encoder.heads") == std::vector<int64_t>{8, 4, 8, 8, 8, 4});
  CHECK(arch.hash().size() == 16);
  CHECK(refusal([&] { arch.value("decoder.fnn"); }).find("decoder.ffn") != std::string::npos);
  CHECK(!refusal([&] { arch.value("decoder.ffn", 5); }).empty());
}

TEST_CASE("values of inactive layers are dropped, so equality is of what is built") {
  const Space wmt = space_named("wmt");
  json six = hat_208();
  for (const char* key : {"ffn", "self_heads", "cross_heads", "arbitrary"})
    six["decoder"][key].push_back(key == std::string("ffn") ? 1024 : key == std::string("arbitrary") ? 2 : 4);
  CHECK(wmt.parse(six, "arch.json") == wmt.parse(hat_208(), "arch.json"));
  CHECK(wmt.parse(six, "a").hash() == wmt.parse(hat_208(), "b").hash());
  json other = hat_208();
  other["decoder"]["ffn"][0] = 3072;
  CHECK(wmt.parse(other, "a").hash() != wmt.parse(hat_208(), "b").hash());
}

TEST_CASE("HAT's list of 40 genes is accepted") {
  const Space wmt = space_named("wmt");
  CHECK(wmt.gene_count() == 40);
  const Arch arch = wmt.parse(hat_208(), "arch.json");
  const json genes = {512, 6, 3072, 3072, 3072, 3072, 3072, 3072, 8, 4, 8,  8, 8, 4,
                      512, 5, 2048, 2048, 3072, 3072, 3072, 1024, 8, 8, 8,  4, 8, 4,
                      4,   8, 8,    8,    8,    4,    -1,   1,    1, 1, -1, 2};
  CHECK(wmt.parse(genes, "genes.json") == arch);
  CHECK(wmt.from_genes(wmt.to_genes(arch)) == arch);
  CHECK(refusal([&] { wmt.parse(json{1, 2}, "genes.json"); }).find("genes.json") != std::string::npos);
}

TEST_CASE("bad architectures are refused with the file and the key") {
  const Space wmt = space_named("wmt");
  const auto message = [&](auto change) {
    json bad = hat_208();
    change(bad);
    const std::string text = refusal([&] { wmt.parse(bad, "arch.json"); });
    CHECK(text.find("arch.json") != std::string::npos);
    return text;
  };
  CHECK(message([](json& a) { a["encoder"]["ffn"].erase(0); }).find("encoder.ffn") != std::string::npos);
  CHECK(message([](json& a) { a["encoder"]["ffn"][2] = 300; }).find("encoder.ffn[2]: 300") !=
        std::string::npos);
  CHECK(message([](json& a) { a["encoder"]["embeds"] = 512; }).find("embeds") != std::string::npos);
  CHECK(message([](json& a) { a["encodr"] = 1; }).find("encodr") != std::string::npos);
  CHECK(message([](json& a) { a["decoder"].erase("arbitrary"); }).find("arbitrary") != std::string::npos);
  CHECK(message([](json& a) { a["decoder"]["arbitrary"][0] = 3; }).find("arbitrary[0]: 3") !=
        std::string::npos);
  for (const json& layers :
       {json(-1), json(0), json(1e9), json(2.5), json("6"), json(true), json(nullptr), json::array()})
    CHECK(message([&](json& a) { a["decoder"]["layers"] = layers; }).find("decoder.layers") !=
          std::string::npos);
  for (const json& top : {json(nullptr), json::array(), json("x")})
    CHECK(!refusal([&] { wmt.parse(top, "arch.json"); }).empty());
}

TEST_CASE("an architecture file is loaded strictly") {
  const auto path = std::filesystem::temp_directory_path() / "mosaic_arch_test.json";
  const Space wmt = space_named("wmt");
  std::ofstream(path) << hat_208().dump();
  CHECK(load_arch(wmt, path).integer("decoder.layers") == 5);
  for (const char* text :
       {"", "null", "{\"encoder\": {\"embed\": 512, \"embed\": 640}}", "{} x", "// no\n{}", "[1,]"}) {
    std::ofstream(path) << text;
    CHECK(refusal([&] { load_arch(wmt, path); }).find("mosaic_arch_test.json") != std::string::npos);
  }
  std::filesystem::remove(path);
  CHECK(!refusal([&] { load_arch(wmt, path); }).empty());
}

TEST_CASE("the typed view of a translation architecture") {
  const Space wmt = space_named("wmt");
  const TranslationArch a = translation(wmt, wmt.parse(hat_208(), "arch.json"));
  CHECK(a.qkv_dim == 512);
  CHECK(a.encoder.heads == std::vector<int64_t>{8, 4, 8, 8, 8, 4});
  CHECK(a.decoder.arbitrary == std::vector<int64_t>{-1, 1, 1, 1, -1});
  CHECK(memory_members(-1) == 1);
  CHECK(memory_members(1) == 2);
  CHECK(memory_members(2) == 3);
  const TranslationArch s = super_translation(wmt);
  CHECK(s.encoder.embed == 640);
  CHECK(s.decoder.ffn == std::vector<int64_t>(6, 3072));
  CHECK(!refusal([&] { translation(wmt, space_named("tiny").largest()); }).empty());
}
