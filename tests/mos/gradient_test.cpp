// Where gradients of a selection go: into the slice, through the mixture once, and nowhere else.
#include <doctest/doctest.h>

#include "engine/autograd/gradcheck.h"
#include "tests/support/translation.h"

namespace mosaic::test {
namespace {

using mos::Arch;
using mos::Routing;
using mos::Selection;
using mos::Supernet;

using Gradients = std::map<std::string, Tensor>;

Gradients gradients_of(Supernet& supernet, const Arch& arch, const std::vector<Pair>& pairs) {
  Selection selection = supernet.select(arch);
  for (const Pair& pair : pairs) summed_loss(selection.model(), pair).backward();
  selection.finish();
  return gradients(supernet);
}

double largest_difference(const Gradients& a, const Gradients& b) {
  double worst = 0;
  REQUIRE(a.size() == b.size());
  for (const auto& [name, g] : a) worst = std::max(worst, relative_difference(g, b.at(name)));
  return worst;
}

bool is_router(const std::string& name) {
  return name.starts_with(Supernet::router_prefix);
}

TEST_CASE("gradients outside the slice are exactly zero, those of unused layers absent") {
  const Pair pair = random_pair(3, 8, Generator(3));
  for (const Routing routing : routings()) {
    CAPTURE(mos::routing_name(routing));
    Supernet supernet = nano_supernet(mixture(routing));
    const Arch arch = supernet.space().smallest();  // encoder embed 48, one decoder layer
    Selection selection = supernet.select(arch);
    std::map<std::string, Shape> inside;  // the slice of every parameter of the supernet
    nn::for_each_parameter(selection.model(), [&](const nn::Slot& slot) { inside[slot.name] = slot.shape; });
    summed_loss(selection.model(), pair).backward();
    selection.finish();
    std::map<std::string, Shape> stacks;
    for (const auto& stack : supernet.experts()) {
      if (!inside.contains(stack.name + ".weight")) continue;
      stacks[stack.name + ".experts"] = inside.at(stack.name + ".weight").inserted(0, 2);
      stacks[stack.name + ".expert_biases"] = inside.at(stack.name + ".bias").inserted(0, 2);
    }
    int reached = 0;
    for (const auto& [name, g] : gradients(supernet)) {
      CAPTURE(name);
      CHECK(name.find("decoder.layers.1") == std::string::npos);
      if (is_router(name)) continue;
      const Shape slice = stacks.contains(name) ? stacks.at(name) : inside.at(name);
      const double all = squared_norm(g), own = squared_norm(leading(g, slice));
      CHECK(all == doctest::Approx(own).epsilon(1e-12));
      CHECK(own > 0);
      ++reached;
    }
    CHECK(reached >= 40);
  }
}

TEST_CASE("identical experts give the routers no gradient") {
  const std::vector<Pair> pairs{random_pair(3, 8, Generator(3))};
  for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
    CAPTURE(mos::routing_name(routing));
    const auto router_norm = [&](Supernet& supernet) {
      double norm = 0;
      for (const auto& [name, g] : gradients_of(supernet, supernet.space().largest(), pairs))
        if (is_router(name)) norm += squared_norm(g);
      return std::sqrt(norm);
    };
    Supernet supernet = nano_supernet(mixture(routing));
    const double different = router_norm(supernet);
    for (const auto& stack : supernet.experts())
      copy_(slice(stack.weight.detach(), 0, 1, 2), slice(stack.weight.detach(), 0, 0, 1));
    CHECK(different > 1e-3);
    CHECK(router_norm(supernet) < 1e-5 * different);  // rounding of alphas that sum to one
  }
}

TEST_CASE("mixing once an update equals mixing in every micro-batch") {
  const Pair a = random_pair(2, 8, Generator(3)), b = random_pair(3, 7, Generator(4));
  for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
    Supernet supernet = nano_supernet(mixture(routing));
    for (const Arch& arch : some_archs(supernet.space(), 1)) {
      const Gradients once = gradients_of(supernet, arch, {a, b});
      for (const Pair* pair : {&a, &b}) {
        Selection selection = supernet.select(arch);
        summed_loss(selection.model(), *pair).backward();
        selection.finish();
      }
      CHECK(largest_difference(gradients(supernet), once) < 1e-4);
    }
  }
}

TEST_CASE("two selections may be alive at once") {
  const Pair pair = random_pair(2, 8, Generator(3));
  Supernet supernet = nano_supernet(mixture(Routing::per_neuron));
  const Arch large = supernet.space().largest(), small = supernet.space().smallest();
  Selection a = supernet.select(large), b = supernet.select(small);
  (summed_loss(a.model(), pair) + summed_loss(b.model(), pair)).backward();
  a.finish();
  b.finish();
  const Gradients together = gradients(supernet);
  for (const Arch* arch : {&large, &small}) {
    Selection one = supernet.select(*arch);
    summed_loss(one.model(), pair).backward();
    one.finish();
  }
  CHECK(largest_difference(together, gradients(supernet)) < 1e-4);
  CHECK_THROWS_AS(a.finish(), GradError);
}

TEST_CASE("nothing is recorded when gradients are off") {
  Supernet supernet = nano_supernet(mixture(Routing::per_neuron));
  const NoGrad quiet;
  Selection selection = supernet.select(supernet.space().largest());
  const Pair pair = random_pair(2, 8, Generator(3));
  CHECK_FALSE(summed_loss(selection.model(), pair).tracked());
  for (const auto& p : nn::named_parameters(selection.model()))
    if (p.name.find("ffn.fc") != std::string::npos) CHECK_FALSE(p.tensor.tracked());
}

TEST_CASE("one and two threads, and two runs, give the same bits") {
  const std::vector<Pair> pairs{random_pair(4, 12, Generator(3)), random_pair(3, 9, Generator(4))};
  const int before = threads();
  for (const Routing routing : routings()) {
    Supernet supernet = nano_supernet(mixture(routing));
    const Arch arch = supernet.space().smallest();
    set_threads(1);
    const Gradients first = gradients_of(supernet, arch, pairs);
    for (const int count : {1, 2}) {
      set_threads(count);
      const Gradients again = gradients_of(supernet, arch, pairs);
      REQUIRE(again.size() == first.size());
      for (const auto& [name, g] : first) CHECK(equal_bits(g, again.at(name)));
    }
  }
  set_threads(before);
}

TEST_CASE("derivatives of routers and mixtures, f64") {
  Generator rng(5);
  const auto draw = [&](const Shape& shape) { return uniform(shape, -1, 1, rng, f64); };
  const Tensor code = draw({5}), x = draw({3, 4});
  for (const int64_t neurons : {0, 6}) {  // of which the architecture has four
    CAPTURE(neurons);
    mos::Router router({.encoding = 5, .hidden = 7, .experts = 3, .neurons = neurons});
    const int64_t outputs = 3 * std::max<int64_t>(neurons, 1);
    const auto f = [&](const std::vector<Tensor>& in) {
      size_t next = 0;
      nn::assign_parameters(router, [&](const std::string&, const Shape&) { return in[next++]; });
      const Tensor alpha = router(code, 4);
      const Tensor weight = mix_experts(alpha, leading(in[4], {3, 4, 4}));
      return linear(x, weight, mix_experts(alpha, leading(in[5], {3, 4})));
    };
    const GradcheckResult result = gradcheck(
        f, {draw({7, 5}), draw({7}), draw({outputs, 7}), draw({outputs}), draw({3, 6, 5}), draw({3, 6})});
    CAPTURE(result);
    CHECK(result.ok);
  }
}

TEST_CASE("derivatives through a whole selection, f64") {
  const Pair pair = random_pair(2, 5, Generator(3));
  for (const Routing routing : {Routing::per_layer, Routing::per_neuron}) {
    Supernet supernet = nano_supernet(mixture(routing));
    nn::for_each_parameter(supernet, [](const nn::Slot& slot) {
      slot.tensor = slot.tensor.detach().to(f64);
      slot.tensor.track();
    });
    const Arch arch = supernet.space().smallest();
    const Gradients analytic = gradients_of(supernet, arch, {pair});
    const auto loss = [&] {
      const NoGrad quiet;
      Selection selection = supernet.select(arch);
      return summed_loss(selection.model(), pair).item<double>();
    };
    // Along the gradient of one parameter group at a time the loss changes by its squared norm.
    for (const char* part : {"routers.", ".experts", "self_attention.in_proj.weight", "embeddings.weight"}) {
      CAPTURE(part);
      double norm = 0, change = 0;
      const double step = 1e-5;
      for (const double sign : {1.0, -1.0}) {
        const auto move = [&](double by) {
          for (const auto& p : nn::named_parameters(supernet))
            if (p.name.find(part) != std::string::npos && analytic.contains(p.name))
              add_(p.tensor.detach(), analytic.at(p.name), by);
        };
        move(sign * step);
        change += sign * loss();
        move(-sign * step);
      }
      for (const auto& [name, g] : analytic)
        if (name.find(part) != std::string::npos) norm += squared_norm(g);
      CHECK(norm > 0);
      CHECK(change / (2 * step) == doctest::Approx(norm).epsilon(1e-4));
    }
  }
}

}  // namespace
}  // namespace mosaic::test
