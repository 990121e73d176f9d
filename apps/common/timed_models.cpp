#include "apps/common/timed_models.h"

#include <algorithm>
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

nn::LabelledBatch labelled_batch(const TimedModel& settings, Generator& rng) {
  std::vector<int32_t> ids, classes;
  for (const int64_t length : settings.texts) {
    const std::vector<double> words = tokens({length}, settings.vocabulary, rng).values();
    for (int64_t t = 0; t < settings.length; ++t)
      ids.push_back(t < length ? static_cast<int32_t>(words[static_cast<size_t>(t)]) : 0);
    classes.push_back(static_cast<int32_t>(rng.below(2)));
  }
  return {.input = {.ids = Tensor::from(ids, {settings.rows, settings.length}), .types = {}, .mask = {}},
          .targets = Tensor::from(classes, {settings.rows})};
}

int64_t positions(const TimedModel& settings) {
  return std::max<int64_t>(512, settings.length);
}

mos::Supernet::Options translation_options(const TimedModel& settings) {
  mos::Supernet::Options options;
  options.vocabulary = {.source = settings.vocabulary, .target = settings.vocabulary};
  options.mixture = settings.mixture;
  options.dropout = settings.dropout;
  options.attention_dropout = settings.attention_dropout;
  return options;
}

mos::SuperBert::Options masked_options(const TimedModel& settings) {
  mos::SuperBert::Options options;
  options.vocabulary = settings.vocabulary;
  options.positions = positions(settings);
  options.mixture = settings.mixture;
  options.dropout = settings.dropout;
  options.attention_dropout = settings.attention_dropout;
  return options;
}

nn::TransformerConfig translation_config(const TimedModel& settings) {
  if (settings.arch)
    return mos::Supernet(*settings.space, translation_options(settings)).model_config(*settings.arch);
  return nn::plain_transformer({.vocabulary = settings.vocabulary,
                                .embed = settings.embed,
                                .ffn = settings.ffn,
                                .heads = settings.heads,
                                .encoder_layers = settings.layers,
                                .decoder_layers = settings.layers,
                                .dropout = settings.dropout,
                                .attention_dropout = settings.attention_dropout});
}

nn::BertConfig masked_config(const TimedModel& settings) {
  if (settings.arch)
    return mos::SuperBert(*settings.space, masked_options(settings)).model_config(*settings.arch);
  return nn::plain_bert({.vocabulary = settings.vocabulary,
                         .width = settings.embed,
                         .heads = settings.heads,
                         .ffn = settings.ffn,
                         .layers = settings.layers,
                         .positions = positions(settings),
                         .dropout = settings.dropout,
                         .attention_dropout = settings.attention_dropout});
}

template <class Model>
std::unique_ptr<Model> on_device(std::unique_ptr<Model> model) {
  nn::move(*model, compute_device());
  return model;
}

}  // namespace

int64_t TimedModel::tokens() const {
  const int64_t real = std::accumulate(texts.begin(), texts.end(), int64_t{0});
  return (texts.empty() ? rows * length : real) * batches;
}

std::vector<nn::Batch> synthetic_batches(const TimedModel& settings) {
  Generator rng(1);
  std::vector<nn::Batch> batches;
  for (int64_t i = 0; i < settings.batches; ++i) {
    if (!settings.texts.empty()) {
      batches.emplace_back(labelled_batch(settings, rng));
    } else if (settings.bert) {
      batches.emplace_back(masked_batch(settings, rng));
    } else {
      batches.emplace_back(sequence_batch(settings, rng));
    }
  }
  return batches;
}

std::unique_ptr<mos::Supernet> translation_supernet(const TimedModel& settings) {
  return on_device(
      std::make_unique<mos::Supernet>(*settings.space, translation_options(settings), Generator(1)));
}

std::unique_ptr<mos::SuperBert> masked_supernet(const TimedModel& settings) {
  return on_device(std::make_unique<mos::SuperBert>(*settings.space, masked_options(settings), Generator(1)));
}

std::unique_ptr<nn::Seq2Seq> translation_model(const TimedModel& settings) {
  Generator rng(1);
  return on_device(std::make_unique<nn::Seq2Seq>(translation_config(settings), rng));
}

std::unique_ptr<nn::Bert> masked_model(const TimedModel& settings) {
  Generator rng(1);
  nn::BertConfig config = masked_config(settings);
  if (!settings.texts.empty()) config.mlm = false, config.labels = 2;
  return on_device(std::make_unique<nn::Bert>(config, rng));
}

}  // namespace mosaic::apps
