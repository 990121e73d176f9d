// Pretraining: the trainer on masked batches, what its options mean for BERT.
#include <doctest/doctest.h>

#include "engine/engine.h"
#include "nas/trainer.h"
#include "tests/mos/bert_support.h"

using namespace mosaic;
using namespace mosaic::test;
using mos::Routing;

namespace {

class MaskedBatches final : public nas::BatchSource {
 public:
  std::vector<nn::Batch> next() override { return {batch(), batch()}; }
  json cursor() const override { return {{"next", next_}}; }
  void seek(const json& cursor) override { next_ = Fields(cursor, "cursor").integer("next"); }

 private:
  nn::Batch batch() {
    const MaskedBatch made = masked_batch(3, 9, Generator(5).fork(static_cast<uint64_t>(next_++)));
    return nn::MaskedBatch{.ids = made.input.ids, .places = made.places, .targets = made.targets};
  }
  int64_t next_ = 0;
};

nas::TrainerOptions frozen() {
  nas::TrainerOptions options;
  options.schedule = {.shape = nn::Schedule::Shape::constant, .peak = 1e-30, .warmup_start = 0};
  options.label_smoothing = 0;
  return options;
}

struct Rig {
  explicit Rig(const nas::TrainerOptions& options, Routing routing = Routing::per_neuron)
      : supernet(nano_bert("bert-homogeneous-nano", routing)),
        target(supernet, nas::Sampler(supernet.space(), {.policy = nas::Policy::sandwich, .pinned = {}})),
        trainer(target, data, validation, options) {}
  mos::SuperBert supernet;
  MaskedBatches data;
  std::vector<nn::Batch> validation = MaskedBatches().next();
  nas::SuperBertTarget target;
  nas::Trainer trainer;
};

}  // namespace

TEST_CASE("BERT's sandwich weighs its passes alike: the norm of a sum is three times that of the mean") {
  nas::TrainerOptions options = frozen();
  const double mean = Rig(options).trainer.train_update().grad_norm;
  options.sum_passes = true;
  const double sum = Rig(options).trainer.train_update().grad_norm;
  CHECK(sum == doctest::Approx(3 * mean).epsilon(1e-6));
}

TEST_CASE("in-place distillation: the gradient is that of the losses written out") {
  nas::TrainerOptions options = frozen();
  options.distill_weight = 0.25;
  options.distill_temperature = 2;
  Rig rig(options, Routing::none);
  rig.trainer.train_update();
  const std::map<std::string, Tensor> update = gradients(rig.supernet);

  Rig plain(frozen(), Routing::none);
  const std::vector<nn::Batch> batches = plain.data.next();
  const mos::Space& space = plain.supernet.space();
  const std::vector<nas::PassEntry> passes = plain.target.passes(0);
  REQUIRE(passes[0].kind == "random");
  for (const nn::Batch& any : batches) {
    const auto& batch = std::get<nn::MaskedBatch>(any);
    const auto logits = [&](const mos::Arch& arch) {
      const mos::BertSelection selection = plain.supernet.select(arch);
      const nn::Bert& model = selection.model();
      return model.mlm_logits(model.encode({.ids = batch.ids, .types = {}, .mask = {}}), batch.places);
    };
    const Tensor largest = logits(space.largest());
    sum(cross_entropy(largest, batch.targets)).backward();
    const Tensor wanted = softmax(largest.detach() / 2.0);
    for (const mos::Arch& arch : {passes[0].arch, space.smallest()}) {
      const Tensor student = logits(arch);
      const Tensor soft = neg(sum(wanted * log_softmax(student / 2.0)));
      (0.75 * sum(cross_entropy(student, batch.targets)) + 0.25 * 4 * soft).backward();
    }
  }
  const std::map<std::string, Tensor> expected = gradients(plain.supernet);
  REQUIRE(update.size() == expected.size());
  for (const auto& [name, g] : update) {
    if (name.ends_with("key.bias")) continue;  // zero but for rounding: softmax ignores a common shift
    INFO(name);
    CHECK(relative_difference(g, expected.at(name)) < 1e-4);
  }
}

TEST_CASE("distillation needs a teacher among the passes") {
  nas::TrainerOptions options = frozen();
  options.distill_weight = 0.5;
  mos::SuperBert supernet = nano_bert("bert-homogeneous-nano", Routing::none);
  nas::SuperBertTarget target(supernet,
                              nas::Sampler(supernet.space(), {.policy = nas::Policy::single, .pinned = {}}));
  MaskedBatches data;
  const std::vector<nn::Batch> none;
  CHECK_THROWS_WITH_AS(nas::Trainer(target, data, none, options), doctest::Contains("policy sandwich"),
                       ArgumentError);
}

TEST_CASE("weight decay spares biases and norms when it is for matrices only") {
  for (const bool spared : {false, true}) {
    nas::TrainerOptions options = frozen();
    options.schedule.peak = 1e-2;
    options.adam.weight_decay = 50;  // half of every decayed value goes in one step
    options.adam.eps = 1e12;         // and nothing else happens
    options.decay_matrices_only = spared;
    Rig rig(options, Routing::per_neuron);
    const auto copies = nn::clone(nn::state_dict(rig.supernet));
    rig.trainer.train_update();
    for (const auto& [name, now] : nn::state_dict(rig.supernet)) {
      const bool vector = name.ends_with("bias") || name.ends_with("biases") || name.ends_with("norm.weight");
      const bool router = name.starts_with(mos::SuperModel::router_prefix);
      INFO(name);
      const Tensor& before = copies.at(name);
      const Tensor wanted = router || (vector && spared) ? before : mul(before, 0.5);
      CHECK(max(reshape(abs(now - wanted), {now.numel()}), 0).item<double>() < 1e-6);
    }
  }
}

TEST_CASE("a schedule by time falls with the share of the time that is gone, after the warm-up") {
  nas::TrainerOptions options = frozen();
  options.schedule = {.shape = nn::Schedule::Shape::linear,
                      .peak = 1e-3,
                      .warmup_updates = 2,
                      .warmup_start = 0,
                      .total_updates = 1000000};
  options.max_updates = 1000000;
  options.schedule_by_time = true;
  const auto rates = [&](double max_seconds) {
    options.max_seconds = max_seconds;
    Rig rig(options);
    std::vector<double> all;
    for (int i = 0; i < 4; ++i) all.push_back(rig.trainer.train_update().lr);
    return all;
  };
  // Neither depends on how fast the machine is: all the time left, and none.
  const std::vector<double> early = rates(1e9), late = rates(1e-9);
  CHECK(early[0] < 1e-3);
  CHECK(early[0] == late[0]);
  CHECK(early[3] == doctest::Approx(1e-3).epsilon(1e-4));
  CHECK(late[2] == 0);
  CHECK(late[3] == 0);
  Rig over(options);
  CHECK(over.trainer.run() == nas::StopReason::out_of_time);
  options.max_seconds = 0;
  CHECK_THROWS_AS(Rig{options}, ArgumentError);
}

TEST_CASE("a supernet and a plain BERT learn to guess") {
  nas::TrainerOptions options;
  options.schedule = {.shape = nn::Schedule::Shape::constant, .peak = 3e-3};
  options.label_smoothing = 0;
  options.sum_passes = true;
  options.max_updates = 40;
  // One batch again and again is learned by heart.
  class One final : public nas::BatchSource {
   public:
    std::vector<nn::Batch> next() override { return MaskedBatches().next(); }
    json cursor() const override { return json::object(); }
    void seek(const json&) override {}
  } data;
  const std::vector<nn::Batch> validation = data.next();
  mos::SuperBert supernet = nano_bert("bert-bottleneck-nano", Routing::per_layer);
  nas::SuperBertTarget target(supernet, nas::Sampler(supernet.space(), {.pinned = {}}));
  nas::Trainer trainer(target, data, validation, options);
  const double before = trainer.validate().score;
  trainer.run();
  CHECK(trainer.validate().score < 0.5 * before);

  Generator rng(3);
  nn::Bert model(supernet.model_config(supernet.space().smallest()), rng);
  nas::BertTarget alone(model);
  nas::Trainer second(alone, data, validation, options);
  second.run();
  CHECK(second.validate().score < 0.5 * before);
  CHECK(nas::evaluate(model, validation).mean() == second.validate().score);
}
