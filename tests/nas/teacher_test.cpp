// A BERT that learns from labels and from a teacher's logits which its batches bring.
#include <doctest/doctest.h>

#include "nas/trainer.h"

using namespace mosaic;
using namespace mosaic::nas;

namespace {

nn::Bert classifier() {
  nn::BertConfig config = nn::plain_bert({.vocabulary = 12, .width = 8, .heads = 2, .ffn = 16, .layers = 1});
  config.mlm = false;
  config.labels = 3;
  Generator random(2);
  return nn::Bert(config, random);
}

nn::LabelledBatch labelled_batch() {
  const std::vector<int32_t> ids{1, 2, 3, 4, 5, 0}, targets{2, 0};
  const std::vector<float> logits{1, -1, 3, 0, 2, -2};
  return {.input = {.ids = Tensor::from(std::span<const int32_t>(ids), {2, 3}), .types = {}, .mask = {}},
          .targets = Tensor::from(std::span<const int32_t>(targets), {2}),
          .teacher = Tensor::from(std::span<const float>(logits), {2, 3})};
}

class OneBatch final : public BatchSource {
 public:
  std::vector<nn::Batch> next() override { return {labelled_batch()}; }
  json cursor() const override { return 0; }
  void seek(const json&) override {}
};

}  // namespace

TEST_CASE("the teacher's share of the loss is the trainer's option") {
  OneBatch source;
  const std::vector<nn::Batch> none;
  std::vector<double> losses;
  for (const double weight : {0.0, 0.25, 1.0}) {
    nn::Bert model = classifier();
    BertTarget target(model);
    TrainerOptions options;
    options.schedule = {.shape = nn::Schedule::Shape::constant, .peak = 1e-3};
    options.label_smoothing = 0;
    options.teacher_weight = weight;
    options.teacher_temperature = 2;
    const double expected =
        nn::labelled_loss(model, labelled_batch(),
                          {.label_smoothing = 0, .teacher_weight = weight, .temperature = 2})
            .loss.item<double>();
    losses.push_back(Trainer(target, source, none, options).train_update().all.loss);
    CHECK(losses.back() == doctest::Approx(expected).epsilon(1e-6));
  }
  CHECK(losses[1] == doctest::Approx(0.75 * losses[0] + 0.25 * losses[2]).epsilon(1e-5));
  CHECK(losses[0] != losses[2]);
}

TEST_CASE("a teacher's options belong to a run, the defaults to runs from before there were any") {
  CHECK_FALSE(TrainerOptions().to_json().contains("teacher"));
  TrainerOptions options;
  options.teacher_weight = 0.3;
  CHECK(options.to_json()["teacher"]["weight"] == 0.3);
  nn::Bert model = classifier();
  BertTarget target(model);
  OneBatch source;
  const std::vector<nn::Batch> none;
  options.teacher_weight = 1.5;
  CHECK_THROWS_AS(Trainer(target, source, none, options), ArgumentError);
}
