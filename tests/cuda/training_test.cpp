// Training on CUDA beside the CPU: the same supernet, batches and dropout, update by update.
#include <doctest/doctest.h>

#include "nas/trainer.h"
#include "nn/decode/decode.h"
#include "tests/support/translation.h"

namespace mosaic::test {
namespace {

const Device cuda{DeviceKind::cuda, 0};

class RandomBatches final : public nas::BatchSource {
 public:
  std::vector<nn::Batch> next() override {
    const Pair pair = random_pair(3, 8, Generator(21).fork(static_cast<uint64_t>(at_++ % 4)));
    return {nn::SequenceBatch{pair.source, pair.input, pair.target}};
  }
  json cursor() const override { return {{"at", at_}}; }
  void seek(const json& cursor) override { at_ = cursor.at("at").get<int64_t>(); }

 private:
  int64_t at_ = 0;
};

struct Trained {
  std::vector<double> losses, norms;
  nn::StateDict weights;
};

Trained train(mos::Supernet& supernet, int64_t updates, DType precision = f32) {
  nas::SupernetTarget target(
      supernet, nas::Sampler(supernet.space(), {.policy = nas::Policy::sandwich, .seed = 5, .pinned = {}}));
  RandomBatches data;
  nas::TrainerOptions options;
  options.schedule = {.shape = nn::Schedule::Shape::inverse_sqrt, .peak = 2e-3, .warmup_updates = 4};
  options.seed = 3;
  options.clip_norm = 5;
  options.precision = precision;
  const std::vector<nn::Batch> none;
  nas::Trainer trainer(target, data, none, options);
  Trained result;
  for (int64_t i = 0; i < updates; ++i) {
    const nas::UpdateReport report = trainer.train_update();
    result.losses.push_back(report.all.mean());
    result.norms.push_back(report.grad_norm);
  }
  result.weights = nn::clone(nn::state_dict(supernet));
  return result;
}

}  // namespace

TEST_CASE("cuda: twenty updates of a supernet lose what they lose on the CPU") {
  for (const mos::Routing routing : {mos::Routing::per_layer, mos::Routing::per_neuron}) {
    CAPTURE(static_cast<int>(routing));
    mos::Supernet here = nano_supernet(mixture(routing), 0.1), there = nano_supernet(mixture(routing), 0.1);
    nn::move(there, cuda);
    const Trained a = train(here, 20), b = train(there, 20);
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
    mos::Supernet here = nano_supernet(mixture(mos::Routing::per_neuron), 0.1),
                  there = nano_supernet(mixture(mos::Routing::per_neuron), 0.1);
    nn::move(there, cuda);
    const Trained a = train(here, 10, precision), b = train(there, 10, precision);
    for (size_t i = 0; i < a.losses.size(); ++i) {
      CAPTURE(i);
      CHECK(b.losses[i] == doctest::Approx(a.losses[i]).epsilon(precision == bf16 ? 0x1p-8 : 0x1p-11));
    }
    CHECK(b.losses.back() < b.losses.front());
    for (const auto& [name, tensor] : b.weights) CHECK(tensor.dtype() == f32);
  }
}

TEST_CASE("cuda: training twice gives the same bits") {
  mos::Supernet first = nano_supernet(mixture(mos::Routing::per_layer), 0.1),
                second = nano_supernet(mixture(mos::Routing::per_layer), 0.1);
  nn::move(first, cuda), nn::move(second, cuda);
  const Trained a = train(first, 3), b = train(second, 3);
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
