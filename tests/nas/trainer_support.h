// What tests of the training loop share: a small supernet with everything that trains it.
#pragma once

#include <doctest/doctest.h>

#include "nas/trainer.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/translation.h"

namespace mosaic::test {

using mos::Routing;
using mos::Supernet;
using nas::Policy;
using nas::Sampler;
using nas::StaticTarget;
using nas::StopReason;
using nas::SupernetTarget;
using nas::Trainer;
using nas::TrainerOptions;
namespace fs = std::filesystem;

inline nn::SequenceBatch batch_of(const Pair& pair) {
  return {pair.source, pair.input, pair.target};
}

// Two micro-batches an update, a function of the update's number.
class RandomBatches final : public nas::BatchSource {
 public:
  std::vector<nn::Batch> next() override {
    const Generator rng = Generator(21).fork(static_cast<uint64_t>(at_++ % 4));
    return {batch_of(random_pair(3, 8, rng.fork("a"))), batch_of(random_pair(2, 6, rng.fork("b")))};
  }
  json cursor() const override { return {{"at", at_}}; }
  void seek(const json& cursor) override { at_ = cursor.at("at").get<int64_t>(); }

 private:
  int64_t at_ = 0;
};

inline TrainerOptions quick_options(int64_t updates) {
  TrainerOptions options;
  options.schedule = {.shape = nn::Schedule::Shape::inverse_sqrt, .peak = 2e-3, .warmup_updates = 4};
  options.max_updates = updates;
  options.log_every = 1;
  options.seed = 3;
  return options;
}

inline Sampler sampler(Policy policy) {
  return Sampler(mos::space_named("nano"), {.policy = policy, .seed = 5, .pinned = {}});
}

inline std::vector<nn::Batch> validation_set() {
  return {batch_of(random_pair(4, 9, Generator(77)))};
}

inline nn::StateDict weights(nn::Module& module) {
  return nn::clone(nn::state_dict(module));
}

inline void check_same(const nn::StateDict& a, const nn::StateDict& b) {
  REQUIRE(a.size() == b.size());
  for (const auto& [name, tensor] : a) {
    CAPTURE(name);
    CHECK(equal_bits(tensor, b.at(name)));
  }
}

// A supernet with everything that trains it.
struct Rig {
  explicit Rig(const TrainerOptions& options, Policy policy = Policy::sandwich,
               Routing routing = Routing::per_neuron, double dropout = 0.1)
      : supernet(nano_supernet(mixture(routing), dropout)),
        target(supernet, sampler(policy), {.validation_random = 2}),
        trainer(target, data, validation, options) {}
  Supernet supernet;
  SupernetTarget target;
  RandomBatches data;
  std::vector<nn::Batch> validation = validation_set();
  Trainer trainer;
};

}  // namespace mosaic::test
