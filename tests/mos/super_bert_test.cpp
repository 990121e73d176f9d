// BERT supernets: selection, extraction, mixing and initial values.
#include <doctest/doctest.h>

#include "bert_support.h"
#include "tests/support/devices.h"

namespace mosaic::test {
namespace {

using mos::Arch;
using mos::BertSelection;
using mos::Mixing;
using mos::Routing;
using mos::SuperBert;

const MaskedBatch& batch() {
  static const MaskedBatch made = masked_batch(3, 9, Generator(3));
  return made;
}

void compare_extracted_bert(Device device) {
  for (const char* space : bert_spaces()) {
    for (const Routing routing : routings()) {
      CAPTURE(space);
      CAPTURE(mos::routing_name(routing));
      SuperBert supernet = nano_bert(space, routing);
      nn::move(supernet, device);
      for (const Arch& arch : some_archs(supernet.space(), device == cpu() ? 10 : 2)) {
        CAPTURE(arch.text());
        const auto extracted = supernet.extract(arch);
        BertSelection selection = supernet.select(arch);  // tracked: the cut changes no value
        CHECK(equal_bits(quiet_logits(selection.model(), batch()), quiet_logits(*extracted, batch())));
        CHECK(extracted->config() == selection.model().config());
        for (const auto& [name, tensor] : nn::named_parameters(*extracted)) CHECK(tensor.is_dense());
      }
    }
  }
}

TEST_CASE("a BERT supernet's selection and the extracted model give the same bits, on every device") {
  for_each_device(compare_extracted_bert);
}

TEST_CASE("counts of BERT's tensors equal the cost formulas") {
  for (const char* name : bert_spaces()) {
    for (const Routing routing : routings()) {
      SuperBert supernet = nano_bert(name, routing);
      const mos::Space& space = supernet.space();
      CHECK(nn::parameter_count(supernet) ==
            mos::count_bert_parameters(mos::super_bert_arch(space), supernet.tables(),
                                       mos::counted(space, supernet.mixture()))
                .total());
      for (const Arch& arch : some_archs(space, 5))
        CHECK(nn::parameter_count(*supernet.extract(arch)) ==
              mos::count_bert_parameters(mos::bert_arch(space, arch), supernet.tables()).total());
    }
  }
  // The paper's spaces, by shapes alone.
  for (const char* name : {"bert-bottleneck", "bert-homogeneous"}) {
    const SuperBert supernet(mos::space_named(name), {});
    for (const Arch& arch : some_archs(supernet.space(), 3)) {
      nn::Bert model(supernet.model_config(arch));
      CHECK(nn::parameter_count(model) == mos::parameters_exact(supernet.space(), arch).total());
    }
  }
}

TEST_CASE("head counts share every weight") {
  SuperBert supernet = nano_bert("bert-homogeneous-nano", Routing::none);
  json text = supernet.space().largest().to_json();
  text["heads"] = 3;
  BertSelection six = supernet.select(supernet.space().largest()),
                three = supernet.select(supernet.space().parse(text, "test"));
  const auto a = nn::named_parameters(six.model()), b = nn::named_parameters(three.model());
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) CHECK(equal_bits(a[i].tensor, b[i].tensor));
  CHECK_FALSE(equal_bits(quiet_logits(six.model(), batch()), quiet_logits(three.model(), batch())));
}

TEST_CASE("slices: everything without bottlenecks, the layers' inside with them") {
  SuperBert same = nano_bert("bert-homogeneous-nano", Routing::none),
            bottleneck = nano_bert("bert-bottleneck-nano", Routing::none);
  BertSelection a = same.select(same.space().smallest()),
                b = bottleneck.select(bottleneck.space().smallest());
  std::map<std::string, Tensor> x, y, whole;
  for (const auto& p : nn::named_parameters(a.model())) x[p.name] = p.tensor;
  for (const auto& p : nn::named_parameters(b.model())) y[p.name] = p.tensor;
  for (const auto& p : nn::named_parameters(same)) whole[p.name] = p.tensor;
  CHECK(x.at("embeddings.word.weight").shape() == Shape{vocabulary, 60});
  CHECK(x.at("mlm.dense.weight").shape() == Shape{60, 60});
  CHECK(x.at("encoder.layers.2.ffn.fc1.weight").shape() == Shape{120, 60});
  CHECK(equal_bits(x.at("embeddings.word.weight"), slice(whole.at("embeddings.word.weight"), 1, 0, 60)));
  CHECK(y.at("embeddings.word.weight").shape() == Shape{vocabulary, 120});
  CHECK(y.at("mlm.dense.weight").shape() == Shape{120, 120});
  CHECK(y.at("encoder.layers.2.bottleneck_in.weight").shape() == Shape{60, 120});
  CHECK(y.at("encoder.layers.2.ffn.fc1.weight").shape() == Shape{256, 60});
}

TEST_CASE("a new supernet's largest network is plain BERT, bottlenecks or not") {
  for (const Routing routing : routings()) {
    SuperBert::Options options = bert_options(mixture(routing));
    options.expert_start = mos::ExpertStart::copies;
    for (const char* name : bert_spaces()) {
      SuperBert supernet(mos::space_named(name), options, Generator(7));
      nn::BertConfig config = supernet.model_config(supernet.space().largest());
      config.bottlenecks = false;
      nn::Bert plain(config);
      nn::initialise(plain, Generator(7));
      const auto extracted = supernet.extract(supernet.space().largest());
      const double apart =
          relative_difference(quiet_logits(*extracted, batch()), quiet_logits(plain, batch()));
      CHECK(apart <= (routing == Routing::none ? 0 : 1e-5));
    }
  }
}

TEST_CASE("BERT with equal experts is plain weight sharing, a one-hot mixture is that expert") {
  for (const char* space : bert_spaces()) {
    SuperBert plain = nano_bert(space, Routing::none);
    std::map<std::string, Tensor> shared;
    for (const auto& p : nn::named_parameters(plain)) shared[p.name] = p.tensor.detach();
    for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
      SuperBert mixed = nano_bert(space, routing);
      const Arch arch = some_archs(plain.space(), 1)[2];
      for (const int expert : {0, 1}) {
        const std::vector<float> alpha{expert == 0 ? 1.0f : 0.0f, expert == 0 ? 0.0f : 1.0f};
        for (const auto& stack : mixed.experts())
          copy_(shared.at(stack.name + ".weight"),
                squeeze(slice(stack.weight.detach(), 0, expert, expert + 1), 0));
        BertSelection a = plain.select(arch), b = mixed.select(arch, constant_mixing(mixed, arch, alpha));
        CHECK(relative_difference(quiet_logits(b.model(), batch()), quiet_logits(a.model(), batch())) < 1e-6);
      }
      for (const auto& stack : mixed.experts())
        copy_(slice(stack.weight.detach(), 0, 0, 1), slice(stack.weight.detach(), 0, 1, 2));
      BertSelection a = plain.select(arch), b = mixed.select(arch);
      CHECK(relative_difference(quiet_logits(b.model(), batch()), quiet_logits(a.model(), batch())) < 1e-5);
    }
  }
}

TEST_CASE("BERT's neuron-wise coefficients with equal rows are a layer-wise mixture") {
  for (const char* space : bert_spaces()) {
    SuperBert by_layer = nano_bert(space, Routing::per_layer),
              by_neuron = nano_bert(space, Routing::per_neuron);
    for (const Arch& arch : some_archs(by_layer.space(), 1)) {
      BertSelection a = by_layer.select(arch, constant_mixing(by_layer, arch, {0.3f, 0.7f}));
      BertSelection b = by_neuron.select(arch, constant_mixing(by_neuron, arch, {0.3f, 0.7f}));
      CHECK(relative_difference(quiet_logits(b.model(), batch()), quiet_logits(a.model(), batch())) < 1e-6);
    }
  }
}

TEST_CASE("how experts and routers of BERT start") {
  const auto distance = [](SuperBert& supernet) {
    const Tensor w = supernet.experts()[0].weight.detach();
    return std::sqrt(squared_norm(slice(w, 0, 1, 2) - slice(w, 0, 0, 1)) / squared_norm(slice(w, 0, 0, 1)));
  };
  for (const auto start :
       {mos::ExpertStart::by_space, mos::ExpertStart::copies, mos::ExpertStart::independent}) {
    for (const char* space : bert_spaces()) {
      SuperBert::Options options = bert_options(mixture(Routing::per_neuron));
      options.expert_start = start;
      SuperBert supernet(mos::space_named(space), options, Generator(7));
      const bool by_space = start == mos::ExpertStart::by_space;
      const bool copies = by_space ? space == bert_spaces()[0] : start == mos::ExpertStart::copies;
      CHECK(supernet.copies_experts() == copies);
      CHECK(distance(supernet) == doctest::Approx(copies ? 0 : std::sqrt(2)).epsilon(0.05));
    }
  }
  SuperBert supernet = nano_bert("bert-homogeneous-nano", Routing::per_neuron);
  nn::for_each_parameter(supernet, [](const nn::Slot& slot) {
    CAPTURE(slot.name);
    const double rms =
        std::sqrt(squared_norm(slot.tensor.detach()) / static_cast<double>(slot.tensor.numel()));
    if (slot.name.ends_with("fc1.out.weight") || slot.name.ends_with(".experts"))
      CHECK(rms == doctest::Approx(0.02).epsilon(0.05));
    if (slot.name.ends_with("out.bias") || slot.name.ends_with("expert_biases")) CHECK(rms == 0);
    // U(-b, b) has the root mean square b / sqrt(3), here b = 1 / sqrt(3 inputs).
    if (slot.name.ends_with("hidden.weight")) CHECK(rms == doctest::Approx(1.0 / 3).epsilon(0.3));
  });
}

TEST_CASE("a wider start is of the weights and experts, not of the routers") {
  SuperBert::Options options = bert_options(mixture(Routing::per_neuron));
  const mos::Space space = mos::space_named("bert-homogeneous-nano");
  SuperBert usual(space, options, Generator(7));
  options.initializer_range = 0.04;
  SuperBert wide(space, options, Generator(7));
  const nn::StateDict narrow = nn::state_dict(usual);
  for (const auto& [name, tensor] : nn::state_dict(wide)) {
    CAPTURE(name);
    const double ratio = std::sqrt(squared_norm(tensor) / std::max(squared_norm(narrow.at(name)), 1e-30));
    const bool drawn = squared_norm(tensor) > 0 && !name.ends_with("norm.weight");
    const bool router = name.find("router") != std::string::npos;
    CHECK(ratio == doctest::Approx(drawn && !router ? 2 : squared_norm(tensor) > 0 ? 1 : 0).epsilon(1e-6));
  }
}

TEST_CASE("a BERT supernet starts from a trained full-size model") {
  for (const bool copies : {true, false}) {
    SuperBert::Options options = bert_options(mixture(Routing::per_layer));
    options.expert_start = copies ? mos::ExpertStart::copies : mos::ExpertStart::independent;
    SuperBert supernet(mos::space_named("bert-bottleneck-nano"), options, Generator(7));
    const Arch largest = supernet.space().largest();
    nn::BertConfig config = supernet.model_config(largest);
    config.bottlenecks = false;
    nn::Bert trained(config);
    nn::initialise(trained, Generator(31));
    CHECK(supernet.start_from(nn::state_dict(trained)).size() == 4 * 4);  // the bottlenecks stay identities
    const std::vector<float> alpha = copies ? std::vector<float>{0.4f, 0.6f} : std::vector<float>{1, 0};
    BertSelection selection = supernet.select(largest, constant_mixing(supernet, largest, alpha));
    CHECK(relative_difference(quiet_logits(selection.model(), batch()), quiet_logits(trained, batch())) <
          1e-5);

    config.positions = 8;
    nn::Bert shorter(config);
    nn::initialise(shorter, Generator(1));
    CHECK_THROWS_AS(supernet.start_from(nn::state_dict(shorter)), ShapeError);
  }
}

TEST_CASE("a BERT supernet comes back from its JSON and state dict") {
  SuperBert before = nano_bert("bert-bottleneck-nano", Routing::per_neuron);
  const auto after = SuperBert::from_json(parse_json(before.to_json().dump(), "test"), "test");
  CHECK(after->to_json() == before.to_json());
  nn::load(*after, nn::state_dict(before));
  const Arch arch = some_archs(before.space(), 1)[2];
  BertSelection a = before.select(arch), b = after->select(arch);
  CHECK(equal_bits(quiet_logits(a.model(), batch()), quiet_logits(b.model(), batch())));

  const auto refused = [&](const char* key, const json& value) {
    json other = before.to_json();
    other[key] = value;
    CHECK_THROWS_AS(SuperBert::from_json(other, "test"), FormatError);
  };
  refused("space_hash", "0000000000000000");
  refused("format", "mosaic-supernet");
  refused("space", mos::space_named("nano").to_json());
  refused("padding", vocabulary);
  refused("expert_start", "same");
  refused("initializer_range", 2);
  refused("extra", 1);
  CHECK_THROWS_AS(SuperBert(mos::space_named("nano"), {}), ArgumentError);
  CHECK_THROWS_AS(before.select(mos::space_named("bert-bottleneck").largest()), ArgumentError);
  CHECK_THROWS_AS(before.select(arch, Mixing{}), ArgumentError);
}

TEST_CASE("averaging of BERT is over extracted weights") {
  SuperBert a = nano_bert("bert-homogeneous-nano", Routing::per_neuron, 1),
            b = nano_bert("bert-homogeneous-nano", Routing::per_neuron, 2);
  const Arch arch = a.space().smallest();
  const auto mean = mos::extract_average(a, arch, {nn::state_dict(a), nn::state_dict(b)});
  const nn::StateDict x = nn::state_dict(*a.extract(arch)), y = nn::state_dict(*b.extract(arch));
  for (const auto& [name, tensor] : nn::state_dict(*mean))
    CHECK(relative_difference(tensor, (x.at(name) + y.at(name)) / 2) < 1e-6);
  CHECK_THROWS_AS(mos::extract_average(a, arch, {}), ArgumentError);
}

}  // namespace
}  // namespace mosaic::test
