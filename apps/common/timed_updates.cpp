#include "apps/common/timed_updates.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "apps/common/cli.h"

namespace mosaic::apps {
namespace {

constexpr int64_t first_word = 4;  // smaller ids are special tokens, padding among them

Tensor tokens(const Shape& shape, int64_t vocabulary, Generator& rng) {
  std::vector<int32_t> ids(static_cast<size_t>(shape.numel()));
  for (int32_t& id : ids)
    id = static_cast<int32_t>(
        first_word + static_cast<int64_t>(rng.below(static_cast<uint64_t>(vocabulary - first_word))));
  return Tensor::from(ids, shape);
}

nn::SequenceBatch sequence_batch(const TimedModel& settings, Generator& rng) {
  const Shape shape{settings.rows, settings.length};
  const auto side = [&] { return tokens(shape, settings.vocabulary, rng); };
  return {.source = side(), .decoder_input = side(), .targets = side()};
}

nn::MaskedBatch masked_batch(const TimedModel& settings, Generator& rng) {
  const auto guesses = std::max<int64_t>(1, std::lround(0.15 * static_cast<double>(settings.length)));
  std::vector<int32_t> columns(static_cast<size_t>(settings.length)), places;
  std::iota(columns.begin(), columns.end(), 0);
  for (int64_t row = 0; row < settings.rows; ++row) {
    rng.shuffle(columns);
    std::sort(columns.begin(), columns.begin() + guesses);
    for (int64_t i = 0; i < guesses; ++i)
      places.push_back(static_cast<int32_t>(row * settings.length) + columns[static_cast<size_t>(i)]);
  }
  const Shape all{static_cast<int64_t>(places.size())};
  return {.ids = tokens({settings.rows, settings.length}, settings.vocabulary, rng),
          .places = Tensor::from(places, all),
          .targets = tokens(all, settings.vocabulary, rng)};
}

std::unique_ptr<nn::Seq2Seq> plain_translation(const TimedModel& settings) {
  Generator rng(1);
  return std::make_unique<nn::Seq2Seq>(
      nn::plain_transformer({.vocabulary = settings.vocabulary,
                             .embed = settings.embed,
                             .ffn = settings.ffn,
                             .heads = settings.heads,
                             .encoder_layers = settings.layers,
                             .decoder_layers = settings.layers,
                             .dropout = settings.dropout,
                             .attention_dropout = settings.attention_dropout}),
      rng);
}

int64_t positions(const TimedModel& settings) {
  return std::max<int64_t>(512, settings.length);
}

std::unique_ptr<nn::Bert> plain_masked(const TimedModel& settings) {
  Generator rng(1);
  return std::make_unique<nn::Bert>(nn::plain_bert({.vocabulary = settings.vocabulary,
                                                    .width = settings.embed,
                                                    .heads = settings.heads,
                                                    .ffn = settings.ffn,
                                                    .layers = settings.layers,
                                                    .positions = positions(settings),
                                                    .dropout = settings.dropout,
                                                    .attention_dropout = settings.attention_dropout}),
                                    rng);
}

std::unique_ptr<mos::Supernet> translation_supernet(const TimedModel& settings) {
  mos::Supernet::Options options;
  options.vocabulary = {.source = settings.vocabulary, .target = settings.vocabulary};
  options.mixture = settings.mixture;
  options.dropout = settings.dropout;
  options.attention_dropout = settings.attention_dropout;
  return std::make_unique<mos::Supernet>(*settings.space, options, Generator(1));
}

std::unique_ptr<mos::SuperBert> masked_supernet(const TimedModel& settings) {
  mos::SuperBert::Options options;
  options.vocabulary = settings.vocabulary;
  options.positions = positions(settings);
  options.mixture = settings.mixture;
  options.dropout = settings.dropout;
  options.attention_dropout = settings.attention_dropout;
  return std::make_unique<mos::SuperBert>(*settings.space, options, Generator(1));
}

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
  if (settings.bert && settings.space) return sampled(masked_supernet(settings), settings.policy);
  if (settings.bert) return alone(plain_masked(settings));
  if (settings.space) return sampled(translation_supernet(settings), settings.policy);
  return alone(plain_translation(settings));
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

std::vector<nn::Batch> synthetic_batches(const TimedModel& settings) {
  Generator rng(1);
  std::vector<nn::Batch> batches;
  for (int64_t i = 0; i < settings.batches; ++i) {
    if (settings.bert) {
      batches.emplace_back(masked_batch(settings, rng));
    } else {
      batches.emplace_back(sequence_batch(settings, rng));
    }
  }
  return batches;
}

TimedUpdates::TimedUpdates(const TimedModel& settings) : data_(synthetic_batches(settings)) {
  Trained trained = make(settings);
  model_ = std::move(trained.model);
  target_ = std::move(trained.target);
  nn::move(target_->module(), compute_device());
  trainer_ = std::make_unique<nas::Trainer>(*target_, data_, no_validation_, trainer_options(settings));
}

double TimedUpdates::update() {
  const auto start = std::chrono::steady_clock::now();
  trainer_->train_update();
  synchronize(compute_device());
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  return taken.count();
}

}  // namespace mosaic::apps
