#include <cmath>
#include <exception>

#include "apps/checks/device_checks.h"
#include "apps/checks/op_runs.h"
#include "apps/checks/sentences.h"
#include "nas/trainer.h"

namespace mosaic::checks {
namespace {

// Four batches in turns.
class Sentences final : public nas::BatchSource {
 public:
  std::vector<nn::Batch> next() override {
    return {draw_sentences(3, 8, Generator(21).fork(static_cast<uint64_t>(at_++ % 4)))};
  }
  json cursor() const override { return {{"at", at_}}; }
  void seek(const json& cursor) override { at_ = cursor.at("at").get<int64_t>(); }

 private:
  int64_t at_ = 0;
};

bool equal(const Trained& a, const Trained& b) {
  if (a.losses != b.losses) return false;
  for (const auto& [name, tensor] : a.weights)
    if (!same_bits(tensor, b.weights.at(name))) return false;
  return true;
}

double furthest(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double off = std::abs(a[i] - b[i]) / std::abs(b[i]);
    if (!(off <= worst)) worst = off;
  }
  return worst;
}

}  // namespace

Trained train_supernet(mos::Routing routing, int64_t updates, Device device, DType precision) {
  const mos::MixtureOptions mixture{
      .routing = routing, .experts = routing == mos::Routing::none ? 1 : 2, .router_hidden = 16};
  mos::Supernet supernet(mos::space_named("nano"),
                         {.vocabulary = {.source = vocabulary, .target = vocabulary, .joined = true},
                          .mixture = mixture,
                          .dropout = 0.1,
                          .attention_dropout = 0.1},
                         Generator(7));
  nn::move(supernet, device);
  nas::SupernetTarget target(
      supernet, nas::Sampler(supernet.space(), {.policy = nas::Policy::sandwich, .seed = 5, .pinned = {}}));
  Sentences data;
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

CaseReport check_training(Device device, Level level) {
  const int64_t updates = level == Level::full ? 20 : 5, repeated = level == Level::full ? 3 : 2;
  constexpr mos::Routing routing = mos::Routing::per_neuron;
  CaseReport report;
  const int before = threads();
  try {
    const Trained reference = train_supernet(routing, updates, cpu());
    report.holds(reference.losses.back() < reference.losses.front(),
                 "training: the loss does not fall on the CPU");
    if (device == cpu()) {
      set_threads(before == 1 ? 2 : 1);
      report.holds(equal(train_supernet(routing, updates, cpu()), reference),
                   "training: another number of threads gives other bits");
    } else {
      const Trained there = train_supernet(routing, updates, device);
      report.near("training, losses", furthest(there.losses, reference.losses), 1e-4);
      report.near("training, gradient norms", furthest(there.norms, reference.norms), 1e-3);
      const Trained half = train_supernet(routing, repeated, cpu(), bf16),
                    half_there = train_supernet(routing, repeated, device, bf16);
      report.near("training in bf16, losses", furthest(half_there.losses, half.losses), rounding_of(bf16));
      report.holds(
          equal(train_supernet(routing, repeated, device), train_supernet(routing, repeated, device)),
          "training: a second run gives other bits");
    }
  } catch (const std::exception& error) {
    report.holds(false, error.what());
  }
  set_threads(before);
  return report;
}

}  // namespace mosaic::checks
