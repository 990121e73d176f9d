// Where gradients of a BERT selection go, their values against difference quotients, and diagnostics.
#include <doctest/doctest.h>

#include "bert_support.h"
#include "mos/diagnostics.h"

namespace mosaic::test {
namespace {

using mos::Arch;
using mos::BertSelection;
using mos::Routing;
using mos::SuperBert;

using Gradients = std::map<std::string, Tensor>;

Gradients gradients_of(SuperBert& supernet, const Arch& arch, const std::vector<MaskedBatch>& batches) {
  BertSelection selection = supernet.select(arch);
  for (const MaskedBatch& batch : batches) masked_loss(selection.model(), batch).backward();
  selection.finish();
  return gradients(supernet);
}

double largest_difference(const Gradients& a, const Gradients& b) {
  double worst = 0;
  REQUIRE(a.size() == b.size());
  for (const auto& [name, g] : a) {
    if (name.ends_with("key.bias")) continue;  // exactly zero but for rounding
    worst = std::max(worst, relative_difference(g, b.at(name)));
  }
  return worst;
}

// Two layers of which every size is small.
json toy_space(bool bottlenecks) {
  const char* text = bottlenecks ? R"({"format": "mosaic-space", "version": 1, "name": "toy", "model": "bert",
      "fixed": {"stream": 8, "heads": 2, "ffn": 6, "vocabulary": 24},
      "choices": [{"name": "hidden", "values": [8, 6, 4], "per": 2}],
      "encoding": {"normaliser": [8], "fine_normaliser": [8],
                   "features": [{"of": "hidden", "each": true, "scale": 8}]}})"
                                 : R"({"format": "mosaic-space", "version": 1, "name": "toy", "model": "bert",
      "fixed": {"layers": 2, "vocabulary": 24},
      "choices": [{"name": "hidden", "values": [8, 6, 4]}, {"name": "heads", "values": [2, 1]},
                  {"name": "ratio", "values": [2, 1.5]}],
      "encoding": {"normaliser": [8, 2, 2], "fine_normaliser": [8, 2, 2],
                   "features": [{"of": "hidden", "scale": 8}, {"of": "heads", "scale": 2},
                                {"of": "hidden", "times": "ratio", "scale": 16}]}})";
  return parse_json(text, "toy");
}

TEST_CASE("BERT's gradients outside the slice are exactly zero") {
  const MaskedBatch batch = masked_batch(3, 8, Generator(3));
  for (const char* space : bert_spaces()) {
    for (const Routing routing : routings()) {
      CAPTURE(space);
      CAPTURE(mos::routing_name(routing));
      SuperBert supernet = nano_bert(space, routing);
      BertSelection selection = supernet.select(supernet.space().smallest());
      std::map<std::string, Shape> inside;  // the slice of every parameter of the supernet
      nn::for_each_parameter(selection.model(), [&](const nn::Slot& s) { inside[s.name] = s.shape; });
      for (const auto& stack : supernet.experts()) {
        inside[stack.name + ".experts"] = inside.at(stack.name + ".weight").inserted(0, 2);
        inside[stack.name + ".expert_biases"] = inside.at(stack.name + ".bias").inserted(0, 2);
      }
      masked_loss(selection.model(), batch).backward();
      selection.finish();
      int reached = 0;
      for (const auto& [name, g] : gradients(supernet)) {
        CAPTURE(name);
        if (name.starts_with(SuperBert::router_prefix)) continue;
        const double all = squared_norm(g), own = squared_norm(leading(g, inside.at(name)));
        CHECK(all == doctest::Approx(own).epsilon(1e-12));
        CHECK(own > 0);
        ++reached;
      }
      CHECK(reached >= 70);
    }
  }
}

TEST_CASE("derivatives through a whole BERT selection, f64") {
  const MaskedBatch batch = masked_batch(2, 5, Generator(3));
  for (const bool bottlenecks : {true, false}) {
    for (const Routing routing : routings()) {
      CAPTURE(bottlenecks);
      CAPTURE(mos::routing_name(routing));
      SuperBert::Options options = bert_options(mixture(routing));
      options.mixture.router_hidden = 5;
      SuperBert supernet(mos::Space::from_json(toy_space(bottlenecks), "toy"), options, Generator(4));
      Generator rng(9);
      nn::for_each_parameter(supernet, [&](const nn::Slot& slot) {
        // Larger than at the start, so that every derivative is well above rounding.
        slot.tensor = uniform(slot.shape, -0.5, 0.5, rng, f64) + (slot.name.ends_with("norm.weight") ? 1 : 0);
        slot.tensor.track();
      });
      const Arch arch = some_archs(supernet.space(), 2)[3];
      const Gradients analytic = gradients_of(supernet, arch, {batch});
      const auto loss = [&] {
        const NoGrad quiet;
        BertSelection selection = supernet.select(arch);
        return masked_loss(selection.model(), batch).item<double>();
      };
      const double step = 1e-5;
      for (const auto& p : nn::named_parameters(supernet)) {
        CAPTURE(p.name);
        double* values = static_cast<double*>(p.tensor.detach().raw());
        const std::vector<double> g = analytic.contains(p.name)
                                          ? analytic.at(p.name).values()
                                          : std::vector<double>(static_cast<size_t>(p.tensor.numel()));
        for (int i = 0; i < 4; ++i) {
          const auto at = static_cast<size_t>(rng.below(g.size()));
          const double before = values[at];
          values[at] = before + step;
          const double up = loss();
          values[at] = before - step;
          const double down = loss();
          values[at] = before;
          const double numeric = (up - down) / (2 * step);
          CHECK(std::abs(numeric - g[at]) < 1e-7 * (1 + std::abs(g[at])));
        }
      }
    }
  }
}

TEST_CASE("BERT: mixing once an update, and two selections at once") {
  const MaskedBatch a = masked_batch(2, 8, Generator(3)), b = masked_batch(3, 7, Generator(4));
  for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
    SuperBert supernet = nano_bert("bert-bottleneck-nano", routing);
    const Arch large = supernet.space().largest(), small = supernet.space().smallest();
    const Gradients once = gradients_of(supernet, small, {a, b});
    for (const MaskedBatch* batch : {&a, &b}) {
      BertSelection selection = supernet.select(small);
      masked_loss(selection.model(), *batch).backward();
      selection.finish();
    }
    CHECK(largest_difference(gradients(supernet), once) < 1e-4);

    BertSelection x = supernet.select(large), y = supernet.select(small);
    (masked_loss(x.model(), a) + masked_loss(y.model(), a)).backward();
    x.finish();
    y.finish();
    const Gradients together = gradients(supernet);
    for (const Arch* arch : {&large, &small}) {
      BertSelection one = supernet.select(*arch);
      masked_loss(one.model(), a).backward();
      one.finish();
    }
    CHECK(largest_difference(together, gradients(supernet)) < 1e-4);
    CHECK_THROWS_AS(x.finish(), GradError);
  }
}

TEST_CASE("BERT: copies of an expert give the routers no gradient") {
  const std::vector<MaskedBatch> batches{masked_batch(3, 8, Generator(3))};
  for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
    const auto router_norm = [&](mos::ExpertStart start) {
      SuperBert::Options options = bert_options(mixture(routing));
      options.expert_start = start;
      SuperBert supernet(mos::space_named("bert-bottleneck-nano"), options, Generator(7));
      double norm = 0;
      for (const auto& [name, g] : gradients_of(supernet, supernet.space().largest(), batches))
        if (name.starts_with(SuperBert::router_prefix)) norm += squared_norm(g);
      return std::sqrt(norm);
    };
    const double different = router_norm(mos::ExpertStart::independent);
    CHECK(different > 0);
    CHECK(router_norm(mos::ExpertStart::copies) < 1e-4 * different);
  }
}

TEST_CASE("BERT: one and two threads give the same bits") {
  const std::vector<MaskedBatch> batches{masked_batch(4, 12, Generator(3))};
  const int before = threads();
  SuperBert supernet = nano_bert("bert-homogeneous-nano", Routing::per_neuron);
  const Arch arch = some_archs(supernet.space(), 1)[2];
  set_threads(1);
  const Gradients first = gradients_of(supernet, arch, batches);
  set_threads(2);
  const Gradients again = gradients_of(supernet, arch, batches);
  set_threads(before);
  REQUIRE(again.size() == first.size());
  for (const auto& [name, g] : first) CHECK(equal_bits(g, again.at(name)));
}

TEST_CASE("diagnostics of a BERT mixture") {
  SuperBert supernet = nano_bert("bert-bottleneck-nano", Routing::per_neuron);
  const std::vector<Arch> archs = mos::diagnostic_archs(supernet.space(), 8);
  const json report = mos::mixture_report(supernet, archs);
  REQUIRE(report["blocks"].size() == 4);
  CHECK(report["blocks"][0]["fc1"]["variance"][0].get<double>() > 0);
  CHECK(report["expert_distance"].get<double>() == doctest::Approx(std::sqrt(2.0)).epsilon(0.05));
  CHECK(mos::routing_report(supernet, archs)["largest_smallest"].get<double>() > 0);
  const MaskedBatch batch = masked_batch(3, 9, Generator(3));
  const json swap = mos::route_swap(supernet, archs[0], archs[1], archs, [&](BertSelection& selection) {
    return masked_loss(selection.model(), batch).item<double>();
  });
  CHECK(swap["own"] != swap["smallest"]);
  CHECK(swap["own"] != swap["mean"]);
}

}  // namespace
}  // namespace mosaic::test
