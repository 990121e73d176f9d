// Golden parameter counts of HAT's published networks, router sizes, and FLOPs against a count by hand.
#include <doctest/doctest.h>

#include "mos/cost.h"
#include "space_support.h"

using namespace mosaic;
using namespace mosaic::mos;

namespace {

// An architecture from widths and feed-forward sizes; heads and arbitrary attention change no parameter.
Arch network(const Space& space, int64_t e, std::vector<int64_t> encoder_ffn, int64_t d,
             std::vector<int64_t> ffn) {
  const int64_t heads = static_cast<int64_t>(space.choice("encoder.heads").largest());
  const std::vector<int64_t> enc(encoder_ffn.size(), heads), dec(ffn.size(), heads), arb(ffn.size(), -1);
  return space.parse(
      {{"encoder", {{"embed", e}, {"layers", encoder_ffn.size()}, {"ffn", encoder_ffn}, {"heads", enc}}},
       {"decoder",
        {{"embed", d},
         {"layers", ffn.size()},
         {"ffn", ffn},
         {"self_heads", dec},
         {"cross_heads", dec},
         {"arbitrary", arb}}}},
      "network");
}

std::vector<int64_t> layers(size_t n, int64_t size) {
  return std::vector<int64_t>(n, size);
}

}  // namespace

TEST_CASE("parameters of the extremes and of HAT's networks") {
  const Space wmt = space_named("wmt"), iwslt = space_named("iwslt");
  CHECK(parameters(wmt, wmt.largest()) == 70900992);
  CHECK(parameters(wmt, wmt.smallest()) == 15771136);
  CHECK(parameters(wmt, wmt.parse(hat_208(), "a")) == 49380864);
  const std::vector<int64_t> narrow = {30465536, 35719168, 40972800, 46226432, 51480064, 56733696};
  for (size_t n = 1; n <= 6; ++n)
    CHECK(parameters(wmt, network(wmt, 512, layers(6, 3072), 512, layers(n, 3072))) == narrow[n - 1]);
  CHECK(parameters(wmt, network(wmt, 640, layers(6, 3072), 640, layers(3, 3072))) ==
        51204480);  // En-De 146.7 ms
  CHECK(parameters(wmt, network(wmt, 640, layers(6, 3072), 512, layers(1, 3072))) ==
        36892672);  // WMT'19 55.7 ms
  CHECK(parameters(wmt, network(wmt, 640, layers(6, 3072), 512, layers(2, 3072))) ==
        42277376);  // WMT'19 93.2 ms
  const std::vector<int64_t> encoder = {2048, 1024, 1024, 1024, 1024, 1024};
  std::vector<int64_t> decoder = {1024};
  for (const auto& [size, next] : std::vector<std::pair<int64_t, int64_t>>{
           {16820736, 1024}, {19975168, 1024}, {23129600, 2048}, {27333632, 2048}, {31537664, 0}}) {
    CHECK(parameters(iwslt, network(iwslt, 512, encoder, 512, decoder)) == size);
    decoder.push_back(next);
  }
}

TEST_CASE("heads and arbitrary attention change no parameter, only the work") {
  const Space wmt = space_named("wmt");
  json other = hat_208();
  other["decoder"]["cross_heads"] = {8, 4, 4, 4, 4};
  other["decoder"]["arbitrary"] = {2, 2, 2, 2, 2};
  const Arch a = wmt.parse(hat_208(), "a"), b = wmt.parse(other, "b");
  CHECK(parameters(wmt, a) == parameters(wmt, b));
  CHECK(flops(wmt, a).encoder == flops(wmt, b).encoder);
  CHECK(flops(wmt, a).decoder < flops(wmt, b).decoder);
}

TEST_CASE("experts and routers") {
  const Space wmt = space_named("wmt");
  const Mixture two = {.experts = 2, .routing = Routing::none};
  const Parameters large = parameters_exact(wmt, wmt.largest(), {}, two);
  CHECK(large.body + large.experts == 118131456);
  CHECK(large.experts == 47230464);
  const Parameters small = parameters_exact(wmt, wmt.smallest(), {}, two);
  CHECK(small.body + small.experts == 23121920);
  const Mixture neuron = {.experts = 2, .routing = Routing::per_neuron};
  const Mixture layer = {.experts = 2, .routing = Routing::per_layer};
  CHECK(super_parameters(wmt, {}, neuron).routers == 12 * 960512);
  CHECK(super_parameters(wmt, {}, layer).routers == 12 * 1666);
  CHECK(super_parameters(wmt, {}, neuron).total() == 118131456 + 12 * 960512);
  CHECK(super_parameters(wmt).body == 70900992);
  // One expert is plain sharing; the tiny space's router of width 32 is about a quarter of its feed-forward.
  CHECK(parameters_exact(wmt, wmt.largest()).total() == 70900992);
  const Parameters tiny = super_parameters(
      space_named("tiny"), {}, {.experts = 2, .routing = Routing::per_neuron, .router_hidden = 32});
  CHECK(static_cast<double>(tiny.routers) / static_cast<double>(tiny.experts) ==
        doctest::Approx(0.25).epsilon(0.04));
  CHECK(!refusal([&] { super_parameters(wmt, {}, {.experts = 0}); }).empty());
}

TEST_CASE("embeddings: one joined table or three") {
  const Space wmt = space_named("wmt");
  const Arch a = network(wmt, 640, layers(6, 3072), 512, layers(1, 3072));
  CHECK(parameters_exact(wmt, a, {.source = 32768, .target = 32768}).embeddings == 32768 * 640);
  CHECK(parameters_exact(wmt, a, {.source = 8000, .target = 6000, .joined = false}).embeddings ==
        8000 * 640 + 2 * 6000 * 512);
}

TEST_CASE("FLOPs of a network counted by hand") {
  const Space nano = space_named("nano");
  json text = nano.smallest().to_json();
  text["decoder"]["arbitrary"] = {1};
  // encoder: width 48, 2 layers, FFN 128; decoder: width 64, 1 layer, FFN 64, memory of two encoder outputs.
  const Flops f = flops(nano, nano.parse(text, "a"), {.source = 5, .target = 7}, 100);
  const int64_t encoder = 2 * (5 * 48 * 64 * 4 + 2 * 5 * 5 * 64 + 2 * 5 * 48 * 128);
  const int64_t self = 7 * 64 * 64 * 4 + 2 * 7 * 7 * 64;
  const int64_t cross = 2 * 7 * 64 * 64 + 2 * 10 * 48 * 64 + 2 * 7 * 10 * 64;
  CHECK(f.encoder == 2 * encoder);
  CHECK(f.decoder == 2 * (self + cross + 2 * 7 * 64 * 64));
  CHECK(f.output == 2 * 7 * 64 * 100);
  CHECK(f.body() == f.encoder + f.decoder);
}
