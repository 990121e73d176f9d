#include "apps/common/timed_evaluations.h"

#include "apps/common/in_turns.h"
#include "apps/common/sentences.h"
#include "engine/core/meter.h"
#include "nas/model_loss.h"

namespace mosaic::apps {
namespace {

double milliseconds_of(const std::function<void()>& run) {
  const double begin = seconds_on(Clock::wall);
  run();
  return 1e3 * (seconds_on(Clock::wall) - begin);
}

}  // namespace

std::vector<nn::Batch> validation_like_batches(const TimedModel& settings) {
  if (settings.bert) return synthetic_batches(settings);
  check(settings.length >= 4, "bench", "sentences need at least 4 tokens, got ", settings.length);
  Generator rng(2);
  const int32_t first_word = 4, words = static_cast<int32_t>(settings.vocabulary) - first_word;
  const auto sentence = [&](int64_t length) {
    std::vector<int32_t> ids(static_cast<size_t>(length));
    for (int32_t& id : ids) id = first_word + static_cast<int32_t>(rng.below(static_cast<uint64_t>(words)));
    ids.back() = data::Subwords::eos;
    return ids;
  };
  std::vector<data::Example> examples;
  for (int64_t i = 0; i < settings.rows * settings.batches; ++i) {
    const auto drawn = static_cast<int64_t>(rng.below(static_cast<uint64_t>(settings.length - 3)));
    const int64_t other = drawn + static_cast<int64_t>(rng.below(5)) - 2;  // sides are about equally long
    examples.push_back({.source = sentence(4 + drawn),
                        .target = sentence(std::clamp<int64_t>(4 + other, 4, settings.length))});
  }
  return validation_batches(
      examples, {.max_tokens = std::max<int64_t>(settings.rows * settings.length / 2, settings.length)});
}

int64_t scored_tokens(const std::vector<nn::Batch>& batches) {
  int64_t tokens = 0;
  for (const nn::Batch& batch : batches) {
    if (const auto* masked = std::get_if<nn::MaskedBatch>(&batch)) {
      tokens += masked->targets.numel();
    } else {
      for (const int32_t id : std::get<nn::SequenceBatch>(batch).targets.host<int32_t>())
        tokens += id != data::Subwords::pad;
    }
  }
  return tokens;
}

TimedEvaluations::TimedEvaluations(const TimedModel& settings) : batches_(validation_like_batches(settings)) {
  const auto keep = [&](auto supernet) {
    score_ = nas::supernet_score(*supernet, batches_);
    supernet_ = std::move(supernet);
  };
  if (settings.bert) {
    keep(masked_supernet(settings));
  } else {
    keep(translation_supernet(settings));
  }
}

TimedEvaluations::Taken TimedEvaluations::evaluate(const mos::Arch& arch) {
  Taken taken{.milliseconds = milliseconds_of([&] { score_(arch); })};
  const Meter meter;
  taken.metered = milliseconds_of([&] { score_(arch); });
  const Metered metered = meter.read();
  taken.share_outside = 1 - metered.kernel_seconds * 1e3 / taken.metered;
  taken.launches = metered.launches;
  taken.gigaflops = 2e-9 * static_cast<double>(metered.multiply_adds);
  return taken;
}

}  // namespace mosaic::apps
