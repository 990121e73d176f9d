#include "mos/diagnostics.h"

#include <doctest/doctest.h>

#include <array>

#include "tests/support/translation.h"

namespace mosaic::test {
namespace {

using mos::Arch;
using mos::Routing;
using mos::Selection;
using mos::Supernet;

TEST_CASE("Jensen-Shannon distance") {
  const std::array<double, 2> a{1, 0}, b{0, 1}, c{0.71, 0.29}, d{0.29, 0.71};
  CHECK(mos::jensen_shannon(a, a) == 0);
  CHECK(mos::jensen_shannon(a, b) == doctest::Approx(0.8326).epsilon(1e-4));
  CHECK(mos::jensen_shannon(c, d) == doctest::Approx(0.297).epsilon(0.03));
  CHECK_THROWS_AS(mos::jensen_shannon(a, std::vector<double>{1}), ArgumentError);
}

TEST_CASE("the mixture's report") {
  for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
    Supernet supernet = nano_supernet(mixture(routing));
    const std::vector<Arch> archs = mos::diagnostic_archs(supernet.space(), 20);
    const json report = mos::mixture_report(supernet, archs);
    REQUIRE(report["blocks"].size() == 4);
    for (const json& block : report["blocks"]) {
      double sum = 0;
      for (const double mean : block["fc1"]["mean"]) sum += mean;
      CHECK(sum == doctest::Approx(1).epsilon(1e-5));
      CHECK(block["fc1"]["variance"][0].get<double>() > 0);
    }
    CHECK(report["expert_distance"].get<double>() == doctest::Approx(std::sqrt(2.0)).epsilon(0.05));
    CHECK(report["saturated"] == 0);
    const json distances = mos::routing_report(supernet, archs);
    CHECK(distances["largest_smallest"].get<double>() > 0);
    CHECK(mos::routing_distance(supernet, archs[0], archs[0]) == 0);
  }
}

TEST_CASE("a supernet without a mixture has an empty report") {
  Supernet supernet = nano_supernet({});
  CHECK(mos::mixture_report(supernet, mos::diagnostic_archs(supernet.space(), 3))["blocks"].empty());
}

TEST_CASE("saturated routers are reported") {
  Supernet supernet = nano_supernet(mixture(Routing::per_layer));
  nn::for_each_parameter(supernet, [](const nn::Slot& slot) {
    if (slot.name.starts_with("routers.encoder.layers.0") && slot.name.ends_with("out.bias"))
      fill_(slice(slot.tensor.detach(), 0, 0, 1), 20);
  });
  const json report = mos::mixture_report(supernet, mos::diagnostic_archs(supernet.space(), 10));
  CHECK(report["saturated"] == 2);  // both matrices of the block
  CHECK(report["blocks"][0]["fc1"]["saturated"] == true);
}

TEST_CASE("swapping routes changes the loss, unless routers do not see the architecture") {
  const Pair pair = random_pair(3, 9, Generator(3));
  const auto loss = [&](Selection& selection) { return summed_loss(selection.model(), pair).item<double>(); };
  mos::MixtureOptions options = mixture(Routing::per_neuron);
  for (const bool fixed : {false, true}) {
    options.fixed_input = fixed;
    Supernet supernet = nano_supernet(options);
    const std::vector<Arch> archs = some_archs(supernet.space(), 4);
    const json swap = mos::route_swap(supernet, archs[0], archs[3], archs, loss);
    const double own = swap["own"], smallest = swap["smallest"], mean = swap["mean"];
    if (fixed) {
      CHECK(own == smallest);
      CHECK(mos::routing_distance(supernet, archs[0], archs[1]) == 0);
    } else {
      CHECK(own != smallest);
      CHECK(own != mean);
    }
    CHECK(swap["largest"].get<double>() == own);  // archs[0] is the largest
  }
}

}  // namespace
}  // namespace mosaic::test
