// The training loop: gradients of an update, bit-exact resume, limits, what it logs.
#include "nas/trainer.h"

#include "tests/nas/trainer_support.h"

namespace mosaic::test {

TEST_CASE("a sandwich's gradient is the token-weighted mean of its architectures' gradients") {
  TrainerOptions options = quick_options(1);
  options.schedule = {
      .shape = nn::Schedule::Shape::constant, .peak = 1e-30, .warmup_start = 0};  // weights stay
  Rig rig(options, Policy::sandwich, Routing::per_neuron, 0);
  const nas::UpdateReport report = rig.trainer.train_update();
  std::map<std::string, Tensor> update = gradients(rig.supernet);

  RandomBatches data;
  const std::vector<nn::Batch> batches = data.next();
  const std::vector<mos::Arch> archs = sampler(Policy::sandwich).draw(0);
  REQUIRE(archs.size() == 3);
  CHECK(archs[1] == rig.supernet.space().largest());
  CHECK(archs[2] == rig.supernet.space().smallest());
  std::map<std::string, Tensor> mean;
  int64_t tokens = 0;
  for (const mos::Arch& arch : archs) {
    mos::Selection selection = rig.supernet.select(arch);
    int64_t own = 0;
    for (const nn::Batch& batch : batches) {
      const nn::BatchLoss loss = nn::batch_loss(selection.model(), batch);
      loss.loss.backward();
      own += loss.tokens;
    }
    selection.finish();
    tokens += own;
    for (auto& [name, g] : gradients(rig.supernet)) {  // own tokens times the mean over them
      if (mean.contains(name)) {
        add_(mean[name], g);
      } else {
        mean[name] = g;
      }
    }
  }
  CHECK(report.all.tokens == tokens);
  CHECK(report.kinds.size() == 3);
  REQUIRE(update.size() == mean.size());
  double norm = 0;
  for (const auto& [name, g] : mean) {
    CAPTURE(name);
    CHECK(relative_difference(update.at(name), g) < 1e-4);
    norm += squared_norm(g);
  }
  CHECK(report.grad_norm == doctest::Approx(std::sqrt(norm) / static_cast<double>(tokens)).epsilon(1e-4));
}

TEST_CASE("a resumed run ends with the bits of one that was not interrupted") {
  for (const Policy policy : {Policy::sandwich, Policy::single}) {
    Rig whole(quick_options(6), policy);
    CHECK(whole.trainer.run() == StopReason::finished);

    TemporaryFolder folder;
    TrainerOptions options = quick_options(3);
    options.directory = folder.path();
    {
      Rig first(options, policy);
      CHECK_FALSE(first.trainer.resume());
      first.trainer.run();
    }
    options.max_updates = 6;
    Rig second(options, policy);
    REQUIRE(second.trainer.resume());
    CHECK(second.trainer.updates() == 3);
    second.trainer.run();
    check_same(weights(second.supernet), weights(whole.supernet));
    const nn::OptimizerState a = *second.trainer.checkpoint().optimizer,
                             b = *whole.trainer.checkpoint().optimizer;
    check_same(a.tensors, b.tensors);
    CHECK(a.numbers == b.numbers);
  }
}

TEST_CASE("a static model resumes too") {
  const nn::TransformerConfig config = nn::plain_transformer({.vocabulary = vocabulary,
                                                              .embed = 16,
                                                              .ffn = 32,
                                                              .heads = 2,
                                                              .encoder_layers = 1,
                                                              .decoder_layers = 1,
                                                              .dropout = 0.1});
  const auto train = [&](const std::vector<int64_t>& stops) {
    TemporaryFolder folder;
    nn::StateDict result;
    for (const int64_t stop : stops) {
      Generator rng(4);
      nn::Seq2Seq model(config, rng);
      StaticTarget target(model);
      RandomBatches data;
      const std::vector<nn::Batch> none;
      TrainerOptions options = quick_options(stop);
      options.directory = folder.path();
      Trainer trainer(target, data, none, options);
      trainer.resume();
      trainer.run();
      CHECK(trainer.updates() == stop);
      result = weights(model);
    }
    return result;
  };
  check_same(train({2, 3, 5}), train({5}));
}

TEST_CASE("one and two threads train the same bits") {
  const int before = threads();
  std::vector<nn::StateDict> results;
  for (const int count : {1, 2}) {
    set_threads(count);
    Rig rig(quick_options(3));
    for (int i = 0; i < 3; ++i) rig.trainer.train_update();
    results.push_back(weights(rig.supernet));
  }
  set_threads(before);
  check_same(results[0], results[1]);
}

TEST_CASE("training lowers the loss of every kind of architecture") {
  for (const Routing routing : {Routing::none, Routing::per_layer, Routing::per_neuron}) {
    TrainerOptions options = quick_options(40);
    std::vector<json> log;
    options.log = [&](const json& record) { log.push_back(record); };
    options.log_every = 10;
    Rig rig(options, Policy::sandwich, routing, 0);
    rig.trainer.run();
    std::vector<json> updates;
    for (const json& record : log)
      if (record["event"] == "update") updates.push_back(record);
    REQUIRE(updates.size() == 4);
    for (const char* kind : {"random", "largest", "smallest"})
      CHECK(updates[3]["kinds"][kind]["loss"].get<double>() <
            0.9 * updates[0]["kinds"][kind]["loss"].get<double>());
    CHECK(updates[0]["loss_base2"].get<double>() ==
          doctest::Approx(updates[0]["loss"].get<double>() / std::log(2.0)));
    for (const char* key :
         {"lr", "grad_norm", "tokens_per_second", "seconds", "seconds_left", "perplexity", "update"})
      CHECK(updates[0].contains(key));
    CHECK(log.back()["event"] == "stopped");
    CHECK(log.back()["reason"] == "finished");
  }
}

TEST_CASE("validation looks at the extremes and a fixed random set") {
  TrainerOptions options = quick_options(0);
  Rig rig(options);
  const nas::ValidationReport report = rig.trainer.validate();
  REQUIRE(report.entries.size() == 4);
  CHECK(report.entries[0].kind == "largest");
  CHECK(report.entries[1].kind == "smallest");
  double sum = 0;
  for (const auto& entry : report.entries) sum += entry.sums.mean();
  CHECK(report.score == doctest::Approx(sum / 4));
  CHECK(rig.trainer.validate().score == report.score);
  options.best_by_smallest = true;
  Rig other(options);
  CHECK(other.trainer.validate().score == report.entries[1].sums.mean());
}

TEST_CASE("the evaluator's score is the validation loss") {
  Rig rig(quick_options(0));
  const nas::ValidationReport report = rig.trainer.validate();
  nas::Evaluator evaluator(rig.supernet.space(), nas::supernet_score(rig.supernet, rig.validation), {});
  CHECK(evaluator(report.entries[0].arch).loss == report.entries[0].sums.mean());
  const json swap = mos::route_swap(rig.supernet, report.entries[0].arch, report.entries[1].arch, {},
                                    nas::selection_loss(rig.validation, 0.1));
  CHECK(swap["own"].get<double>() == report.entries[0].sums.mean());
  CHECK(swap["other"].get<double>() != swap["own"].get<double>());
}

// Trains the largest architecture first and only the smallest afterwards.
class LargestThenSmallest final : public nas::TrainTarget {
 public:
  explicit LargestThenSmallest(Supernet& supernet)
      : supernet_(supernet), inner_(supernet, sampler(Policy::single)) {}
  nn::Module& module() override { return supernet_; }
  std::vector<nas::PassEntry> passes(int64_t update) const override {
    const mos::Space& space = supernet_.space();
    return {{.kind = "pinned", .arch = update == 0 ? space.largest() : space.smallest()}};
  }
  std::vector<nas::PassEntry> validation() const override { return passes(0); }
  std::unique_ptr<nas::Pass> open(const nas::PassEntry& entry, const nn::Context& context) override {
    return inner_.open(entry, context);
  }
  json describe() const override { return inner_.describe(); }

 private:
  Supernet& supernet_;
  SupernetTarget inner_;
};

TEST_CASE("layers without a gradient keep moving under Adam unless they are skipped") {
  for (const bool skip : {false, true}) {
    Supernet supernet = nano_supernet(mixture(Routing::none));
    LargestThenSmallest target(supernet);
    RandomBatches data;
    const std::vector<nn::Batch> none;
    TrainerOptions options = quick_options(2);
    options.adam.skip_without_grad = skip;
    Trainer trainer(target, data, none, options);
    trainer.train_update();
    const nn::StateDict before = weights(supernet);
    trainer.train_update();
    const std::string name = "decoder.layers.1.ffn.fc1.weight";
    CHECK(equal_bits(before.at(name), nn::state_dict(supernet).at(name)) == skip);
    CHECK_FALSE(equal_bits(before.at("decoder.layers.0.ffn.fc1.weight"),
                           nn::state_dict(supernet).at("decoder.layers.0.ffn.fc1.weight")));
  }
}

TEST_CASE("routers have a group of their own") {
  Supernet supernet = nano_supernet(mixture(Routing::per_layer));
  SupernetTarget target(supernet, sampler(Policy::sandwich), {.router_lr_scale = 0});
  RandomBatches data;
  const std::vector<nn::Batch> none;
  const nn::StateDict before = weights(supernet);
  Trainer trainer(target, data, none, quick_options(2));
  trainer.run();
  for (const auto& [name, tensor] : nn::state_dict(supernet)) {
    CAPTURE(name);
    CHECK(equal_bits(tensor, before.at(name)) == name.starts_with(Supernet::router_prefix));
  }
}

TEST_CASE("a loss that is not finite stops the run and changes nothing") {
  TrainerOptions options = quick_options(5);
  std::vector<json> log;
  options.log = [&](const json& record) { log.push_back(record); };
  Rig rig(options);
  rig.trainer.train_update();
  const Tensor norm = nn::state_dict(rig.supernet).at("encoder.layers.0.ffn_norm.weight");
  fill_(norm, std::nan(""));
  const nn::StateDict before = weights(rig.supernet);
  CHECK_THROWS_AS(rig.trainer.run(), nn::NonFiniteError);
  CHECK(log.back()["event"] == "not finite");
  CHECK(log.back()["message"].get<std::string>().find("update 2, random") != std::string::npos);
  check_same(weights(rig.supernet), before);
  CHECK(rig.trainer.updates() == 1);
}

TEST_CASE("limits: the stop flag, time, patience") {
  TemporaryFolder folder;
  TrainerOptions options = quick_options(100);
  options.directory = folder.path();
  std::atomic<bool> stop{false};
  options.stop = &stop;
  options.log = [&](const json& record) { stop = record["update"] >= 2; };
  {
    Rig rig(options);
    CHECK(rig.trainer.run() == StopReason::stopped);
    CHECK(rig.trainer.updates() == 2);
  }
  CHECK(nn::CheckpointStore(folder.path()).steps() == std::vector<int64_t>{2});  // saved before returning

  TrainerOptions timed = quick_options(1'000'000);
  timed.max_seconds = 1e-9;
  Rig slow(timed);
  CHECK(slow.trainer.run() == StopReason::out_of_time);

  TrainerOptions patient = quick_options(100);
  patient.schedule = {
      .shape = nn::Schedule::Shape::constant, .peak = 1e-30, .warmup_start = 0};  // never improves
  patient.validate_every = 1;
  patient.patience = 2;
  Rig stuck(patient);
  CHECK(stuck.trainer.run() == StopReason::no_improvement);
  CHECK(stuck.trainer.updates() == 3);
  CHECK(stuck.trainer.best_update() == 1);
}

TEST_CASE("checkpoints: the newest few, the best, and refusals") {
  TemporaryFolder folder;
  TrainerOptions options = quick_options(4);
  options.directory = folder.path();
  options.save_every = 1;
  options.validate_every = 2;
  options.keep = 2;
  {
    Rig rig(options);
    rig.trainer.run();
  }
  const nn::CheckpointStore store(folder.path());
  CHECK(store.steps() == std::vector<int64_t>{3, 4});
  const nn::Checkpoint best = nn::load_checkpoint(store.path_of("best"));
  CHECK_FALSE(best.optimizer.has_value());
  const auto supernet = Supernet::from_json(best.state["target"]["supernet"], "best");
  nn::load(*supernet, best.model);  // the weights of the best, loadable without the run

  TrainerOptions other = options;
  other.label_smoothing = 0.2;
  Rig changed(other);
  CHECK_THROWS_WITH_AS(changed.trainer.resume(), doctest::Contains("options.label_smoothing"), FormatError);
  Rig method(options, Policy::single);
  CHECK_THROWS_WITH_AS(method.trainer.resume(), doctest::Contains("target.policy"), FormatError);
  Rig fresh(options);
  CHECK_THROWS_AS(fresh.trainer.restore(best), FormatError);  // weights only
}

}  // namespace mosaic::test
