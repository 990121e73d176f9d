#include "apps/common/timed_updates.h"

#include "apps/common/cli.h"

namespace mosaic::apps {
namespace {

struct Trained {
  std::unique_ptr<nn::Module> model;
  std::unique_ptr<nas::TrainTarget> target;  // refers to the model
};

template <class Model>
Trained alone(std::unique_ptr<Model> model) {
  auto target = std::make_unique<nas::ModelTarget<Model>>(*model);
  return {.model = std::move(model), .target = std::move(target)};
}

template <class Super>
Trained sampled(std::unique_ptr<Super> supernet, nas::Policy policy) {
  nas::Sampler::Options sampling;
  sampling.policy = policy;
  auto target =
      std::make_unique<nas::SuperTarget<Super>>(*supernet, nas::Sampler(supernet->space(), sampling));
  return {.model = std::move(supernet), .target = std::move(target)};
}

Trained make(const TimedModel& settings) {
  const bool supernet = settings.space && !settings.arch;
  if (settings.bert && supernet) return sampled(masked_supernet(settings), settings.policy);
  if (settings.bert) return alone(masked_model(settings));
  if (supernet) return sampled(translation_supernet(settings), settings.policy);
  return alone(translation_model(settings));
}

nas::TrainerOptions trainer_options(const TimedModel& settings) {
  nas::TrainerOptions options;
  options.schedule = {.shape = nn::Schedule::Shape::constant, .peak = 1e-4};
  if (!settings.bert) return options;
  options.label_smoothing = 0;
  options.adam.weight_decay = 0.01;
  options.decay_matrices_only = true;
  options.sum_passes = true;
  return options;
}

}  // namespace

TimedUpdates::TimedUpdates(const TimedModel& settings) : data_(synthetic_batches(settings)) {
  Trained trained = make(settings);
  model_ = std::move(trained.model);
  target_ = std::move(trained.target);
  trainer_ = std::make_unique<nas::Trainer>(*target_, data_, no_validation_, trainer_options(settings));
}

double TimedUpdates::update(Clock clock) {
  const double start = seconds_on(clock);
  trainer_->train_update();
  synchronize(compute_device());
  return 1e3 * (seconds_on(clock) - start);
}

}  // namespace mosaic::apps
