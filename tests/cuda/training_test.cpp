// Training on CUDA beside the CPU: the same supernet, batches and dropout, update by update.
#include <doctest/doctest.h>

#include "apps/checks/device_checks.h"
#include "nn/decode/decode.h"
#include "tests/support/translation.h"

namespace mosaic::test {
namespace {

const Device cuda{DeviceKind::cuda, 0};

}  // namespace

TEST_CASE("cuda: twenty updates of a supernet lose what they lose on the CPU") {
  for (const mos::Routing routing : {mos::Routing::per_layer, mos::Routing::per_neuron}) {
    CAPTURE(static_cast<int>(routing));
    const checks::Trained a = checks::train_supernet(routing, 20, cpu()),
                          b = checks::train_supernet(routing, 20, cuda);
    for (size_t i = 0; i < a.losses.size(); ++i) {
      CAPTURE(i);
      CHECK(b.losses[i] == doctest::Approx(a.losses[i]).epsilon(1e-4));
      CHECK(b.norms[i] == doctest::Approx(a.norms[i]).epsilon(1e-3));
    }
    CHECK(a.losses.back() < a.losses.front());
    for (const auto& [name, tensor] : b.weights) {
      CAPTURE(name);
      CHECK(tensor.device() == cuda);
    }
  }
}

TEST_CASE("cuda: updates in bf16 and f16 lose what they lose on the CPU, within the type's rounding") {
  for (const DType precision : {bf16, f16}) {
    CAPTURE(precision);
    const checks::Trained a = checks::train_supernet(mos::Routing::per_neuron, 10, cpu(), precision),
                          b = checks::train_supernet(mos::Routing::per_neuron, 10, cuda, precision);
    for (size_t i = 0; i < a.losses.size(); ++i) {
      CAPTURE(i);
      CHECK(b.losses[i] == doctest::Approx(a.losses[i]).epsilon(precision == bf16 ? 0x1p-8 : 0x1p-11));
    }
    CHECK(b.losses.back() < b.losses.front());
    for (const auto& [name, tensor] : b.weights) CHECK(tensor.dtype() == f32);
  }
}

TEST_CASE("cuda: training twice gives the same bits") {
  const checks::Trained a = checks::train_supernet(mos::Routing::per_layer, 3, cuda),
                        b = checks::train_supernet(mos::Routing::per_layer, 3, cuda);
  CHECK(a.losses == b.losses);
  for (const auto& [name, tensor] : a.weights) {
    CAPTURE(name);
    CHECK(equal_bits(tensor.to(cpu()), b.weights.at(name).to(cpu())));
  }
}

TEST_CASE("cuda: a supernet is loaded, extracted and decoded on the device") {
  mos::Supernet here = nano_supernet(mixture(mos::Routing::per_layer));
  mos::Supernet there = nano_supernet(mixture(mos::Routing::per_layer), 0, 99);
  nn::move(there, cuda);
  nn::load(there, nn::state_dict(here));  // from the CPU into the device's memory
  const mos::Arch arch = here.space().smallest();
  const auto a = here.extract(arch), b = there.extract(arch);
  CHECK(b->device() == cuda);
  const Pair pair = random_pair(3, 7, Generator(4));
  const auto x = nn::beam_search(*a, pair.source, {.beam = 3, .length = {}}),
             y = nn::beam_search(*b, pair.source, {.beam = 3, .length = {}});
  REQUIRE(x.size() == y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    CHECK(x[i][0].tokens == y[i][0].tokens);
    CHECK(y[i][0].score == doctest::Approx(x[i][0].score).epsilon(1e-4));
  }
}

}  // namespace mosaic::test
