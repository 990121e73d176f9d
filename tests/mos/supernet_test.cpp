// Selection, extraction and mixing: equalities that hold by construction, checked bit by bit.
#include <doctest/doctest.h>

#include <sstream>

#include "tests/support/devices.h"
#include "tests/support/translation.h"

namespace mosaic::test {
namespace {

using mos::Arch;
using mos::Mixing;
using mos::Routing;
using mos::Selection;
using mos::Supernet;

Tensor logits(const nn::Seq2Seq& model, const Pair& pair) {
  const NoGrad quiet;
  return model.logits(pair.source, pair.input);
}

void compare_extracted(Device device) {
  const Pair pair = random_pair(3, 9, Generator(3));
  for (const Routing routing : routings()) {
    CAPTURE(mos::routing_name(routing));
    Supernet supernet = nano_supernet(mixture(routing));
    nn::move(supernet, device);
    for (const Arch& arch : some_archs(supernet.space(), device == cpu() ? 10 : 2)) {
      CAPTURE(arch.text());
      const auto extracted = supernet.extract(arch);
      Selection selection = supernet.select(arch);  // tracked: the cut changes no value
      CHECK(equal_bits(logits(selection.model(), pair), logits(*extracted, pair)));
      CHECK(extracted->config() == selection.model().config());
      for (const auto& [name, tensor] : nn::named_parameters(*extracted)) CHECK(tensor.is_dense());
    }
  }
}

TEST_CASE("the selected model and the extracted one give the same bits, on every device") {
  for_each_device(compare_extracted);
}

TEST_CASE("an extracted model is a copy") {
  Supernet supernet = nano_supernet(mixture(Routing::none));
  const auto model = supernet.extract(supernet.space().largest());
  for (const auto& p : nn::named_parameters(*model)) fill_(p.tensor.detach(), 0);
  double norm = 0;
  for (const auto& p : nn::named_parameters(supernet)) norm += squared_norm(p.tensor.detach());
  CHECK(norm > 1);
}

TEST_CASE("counts of tensors equal the cost formulas") {
  for (const Routing routing : routings()) {
    Supernet supernet = nano_supernet(mixture(routing));
    const mos::Vocabulary words = supernet.options().vocabulary;
    const mos::Space& space = supernet.space();
    CHECK(nn::parameter_count(supernet) ==
          mos::super_parameters(space, words, mos::counted(space, supernet.options().mixture)).total());
    for (const Arch& arch : some_archs(space, 5))
      CHECK(nn::parameter_count(*supernet.extract(arch)) ==
            mos::parameters_exact(space, arch, words).total());
  }
}

TEST_CASE("sizes of the published translation supernet") {
  const mos::Space wmt = mos::space_named("wmt");
  mos::MixtureOptions options = mixture(Routing::per_neuron);
  options.router_hidden = 128;
  Supernet supernet(wmt, supernet_options(options));  // shapes only
  int64_t experts = 0, routers = 0, total = 0;
  nn::for_each_parameter(supernet, [&](const nn::Slot& slot) {
    total += slot.shape.numel();
    if (slot.name.find(".expert") != std::string::npos) experts += slot.shape.numel();
    if (slot.name.starts_with(Supernet::router_prefix)) routers += slot.shape.numel();
  });
  CHECK(experts == 2 * 47'230'464);
  CHECK(routers == 12 * 960'512);
  CHECK(total - routers - vocabulary * 640 == 118'131'456);
  nn::Seq2Seq largest(supernet.model_config(wmt.largest()));
  CHECK(nn::parameter_count(largest) - vocabulary * 640 == 70'900'992);
  nn::Seq2Seq smallest(supernet.model_config(wmt.smallest()));
  CHECK(nn::parameter_count(smallest) - vocabulary * 512 == 15'771'136);
  CHECK(largest.config().encoder_dropout() == 0);
  CHECK(Supernet(wmt, supernet_options({}, 0.3)).model_config(wmt.smallest()).decoder_dropout() ==
        doctest::Approx(0.24));
}

TEST_CASE("heads change no parameter but the output") {
  Supernet supernet = nano_supernet(mixture(Routing::none));
  const mos::Space& space = supernet.space();
  json value = space.largest().to_json();
  value["decoder"]["self_heads"] = {2, 2};
  const Arch other = space.parse(value, "test");
  Selection a = supernet.select(space.largest()), b = supernet.select(other);
  const auto pa = nn::named_parameters(a.model()), pb = nn::named_parameters(b.model());
  REQUIRE(pa.size() == pb.size());
  for (size_t i = 0; i < pa.size(); ++i) CHECK(equal_bits(pa[i].tensor, pb[i].tensor));
  const Pair pair = random_pair(2, 8, Generator(3));
  CHECK(relative_difference(logits(a.model(), pair), logits(b.model(), pair)) > 1e-4);
}

TEST_CASE("with equal experts a mixture is plain weight sharing, whatever the routers say") {
  const Pair pair = random_pair(2, 8, Generator(5));
  Supernet plain = nano_supernet(mixture(Routing::none));
  for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
    Supernet mixed = nano_supernet(mixture(routing));  // expert 0 starts as the plain matrix does
    for (const auto& stack : mixed.experts())
      copy_(slice(stack.weight.detach(), 0, 1, 2), slice(stack.weight.detach(), 0, 0, 1));
    for (const Arch& arch : some_archs(plain.space(), 3)) {
      Selection a = plain.select(arch), b = mixed.select(arch);
      CHECK(relative_difference(logits(b.model(), pair), logits(a.model(), pair)) < 1e-5);
    }
  }
}

TEST_CASE("a one-hot mixture is that expert") {
  const Pair pair = random_pair(2, 8, Generator(5));
  for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
    Supernet plain = nano_supernet(mixture(Routing::none)), mixed = nano_supernet(mixture(routing));
    for (const int expert : {0, 1}) {
      const std::vector<float> alpha{expert == 0 ? 1.0f : 0.0f, expert == 0 ? 0.0f : 1.0f};
      std::map<std::string, Tensor> shared;
      for (const auto& p : nn::named_parameters(plain)) shared[p.name] = p.tensor.detach();
      for (const auto& stack : mixed.experts())
        copy_(shared.at(stack.name + ".weight"),
              squeeze(slice(stack.weight.detach(), 0, expert, expert + 1), 0));
      for (const Arch& arch : some_archs(plain.space(), 2)) {
        Selection a = plain.select(arch), b = mixed.select(arch, constant_mixing(mixed, arch, alpha));
        CHECK(relative_difference(logits(b.model(), pair), logits(a.model(), pair)) < 1e-6);
      }
    }
  }
}

TEST_CASE("neuron-wise coefficients with equal rows are a layer-wise mixture") {
  const Pair pair = random_pair(2, 8, Generator(5));
  Supernet by_layer = nano_supernet(mixture(Routing::per_layer)),
           by_neuron = nano_supernet(mixture(Routing::per_neuron));
  for (const Arch& arch : some_archs(by_layer.space(), 2)) {
    Selection a = by_layer.select(arch, constant_mixing(by_layer, arch, {0.3f, 0.7f}));
    Selection b = by_neuron.select(arch, constant_mixing(by_neuron, arch, {0.3f, 0.7f}));
    CHECK(relative_difference(logits(b.model(), pair), logits(a.model(), pair)) < 1e-6);
  }
}

TEST_CASE("every expert starts as a matrix of its own") {
  Supernet supernet = nano_supernet(mixture(Routing::per_layer));
  REQUIRE(supernet.experts().size() == 8);
  for (const auto& stack : supernet.experts()) {
    const double bound = std::sqrt(6.0 / static_cast<double>(stack.in + stack.out));
    for (int64_t e = 0; e < 2; ++e) {
      double largest = 0, squares = 0;
      for (const double w : slice(stack.weight.detach(), 0, e, e + 1).values()) {
        largest = std::max(largest, std::abs(w));
        squares += w * w;
      }
      CHECK(largest <= bound);
      CHECK(largest > 0.99 * bound);
      const double expected = bound * bound / 3 * static_cast<double>(stack.in * stack.out);
      CHECK(squares == doctest::Approx(expected).epsilon(0.05));
    }
    CHECK(squared_norm(stack.bias.detach()) == 0);
  }
}

TEST_CASE("the initial scale of the control") {
  mos::MixtureOptions scaled;
  scaled.init_scale = std::sqrt(0.5);
  Supernet a = nano_supernet({}), b = nano_supernet(scaled);
  const auto pa = nn::named_parameters(a), pb = nn::named_parameters(b);
  for (size_t i = 0; i < pa.size(); ++i) {
    const bool ffn = pa[i].name.find(".fc") != std::string::npos && pa[i].name.ends_with("weight");
    const double before = squared_norm(pa[i].tensor.detach()), after = squared_norm(pb[i].tensor.detach());
    CHECK(after == doctest::Approx(ffn ? before / 2 : before));
  }
}

TEST_CASE("a supernet comes back from its JSON and state dict") {
  Supernet before = nano_supernet(mixture(Routing::per_neuron));
  const auto after = Supernet::from_json(parse_json(before.to_json().dump(), "test"), "test");
  CHECK(after->to_json() == before.to_json());
  nn::load(*after, nn::state_dict(before));
  const Pair pair = random_pair(2, 8, Generator(5));
  const Arch arch = before.space().largest();
  Selection a = before.select(arch), b = after->select(arch);
  CHECK(equal_bits(logits(a.model(), pair), logits(b.model(), pair)));

  json other = before.to_json();
  other["space_hash"] = "0000000000000000";
  CHECK_THROWS_AS(Supernet::from_json(other, "test"), FormatError);
  other = before.to_json();
  other["mixture"]["experts"] = 1;
  CHECK_THROWS_AS(Supernet::from_json(other, "test"), FormatError);
}

TEST_CASE("averaging is over extracted weights") {
  Supernet a = nano_supernet(mixture(Routing::per_neuron), 0, 1),
           b = nano_supernet(mixture(Routing::per_neuron), 0, 2);
  const Arch arch = a.space().smallest();
  const auto mean = mos::extract_average(a, arch, {nn::state_dict(a), nn::state_dict(b)});
  const nn::StateDict x = nn::state_dict(*a.extract(arch)), y = nn::state_dict(*b.extract(arch));
  for (const auto& [name, tensor] : nn::state_dict(*mean))
    CHECK(relative_difference(tensor, (x.at(name) + y.at(name)) / 2) < 1e-6);
  CHECK_THROWS_AS(mos::extract_average(a, arch, {}), ArgumentError);
}

TEST_CASE("refusals") {
  CHECK_THROWS_AS(nano_supernet({.routing = Routing::none, .experts = 2}), ArgumentError);
  CHECK_THROWS_AS(nano_supernet({.routing = Routing::per_layer, .experts = 1}), ArgumentError);
  Supernet supernet = nano_supernet(mixture(Routing::per_layer));
  CHECK_THROWS_AS(supernet.select(mos::space_named("tiny").largest()), ArgumentError);
  CHECK_THROWS_AS(supernet.select(supernet.space().largest(), Mixing{}), ArgumentError);
}

}  // namespace
}  // namespace mosaic::test
