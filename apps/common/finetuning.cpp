#include "apps/common/finetuning.h"

#include "apps/common/output.h"
#include "apps/common/text.h"
#include "nn/module.h"

namespace mosaic::apps {
namespace {

void change(double& rate, double wanted) {
  if (wanted >= 0) rate = wanted;
}

// The sizes with the dropout rates asked for.
nn::TransformerConfig with_dropout(nn::TransformerConfig sizes, const TrainSettings& settings) {
  change(sizes.dropout, settings.dropout);
  change(sizes.attention_dropout, settings.attention_dropout);
  change(sizes.activation_dropout, settings.activation_dropout);
  return sizes;
}

nn::BertConfig with_dropout(nn::BertConfig sizes, const TrainSettings& settings) {
  change(sizes.dropout, settings.dropout);
  change(sizes.attention_dropout, settings.attention_dropout);
  return sizes;
}

// Trains `model` and leaves the better of its old and its new weights in it.
template <class Model>
json train_further(Run& run, const FinetuneSettings& settings, Model& model, const TrainingData& data) {
  check<UsageError>(!data.valid.empty(), "--data", "has no validation set, which further training needs");
  const nn::StateDict initial = nn::clone(nn::state_dict(model));
  const auto loss = [&] {
    return nas::evaluate(model, data.valid, settings.train.trainer.label_smoothing).mean();
  };
  const double before = loss();
  say("validation loss of the inherited weights: ", fixed(before, 4));
  nas::ModelTarget<Model> target(model);
  json out = run_training(run, target, settings.train, data, "finetune").to_json();

  nn::load(model, checkpoint_weights(run.directory(), settings.train.average > 1 ? "average" : "best"));
  const double after = loss();
  if (after > before) {
    warn("further training did not help (validation loss ", fixed(before, 4), " before, ", fixed(after, 4),
         " after): the inherited weights are kept");
    nn::load(model, initial);
  }
  out["initial_loss"] = before;
  out["final_loss"] = std::min(before, after);
  out["improved"] = after <= before;
  out["model"] = path_text(run.directory() / "model");
  return out;
}

json made_by(const FinetuneSettings& settings, const std::string& weights, const std::string& data,
             const json& before) {
  return {{"command", "finetune"}, {"model", path_text(settings.model)}, {"weights", weights},
          {"data", data},          {"seed", settings.train.seed},        {"before", before}};
}

}  // namespace

json run_finetuning(Run& run, const FinetuneSettings& settings, const PreparedData& data) {
  const StaticModel from = open_model(settings.model);
  check<FormatError>(data.vocabulary_hash() == from.vocabulary_hash(), data.directory.c_str(),
                     "has other subwords than the model was trained with");
  nn::Seq2Seq model(with_dropout(from.model->config(), settings.train));
  nn::load(model, nn::state_dict(*from.model));
  const json out = train_further(run, settings, model, training_data(settings.train, data));
  ModelFacts facts = from.facts;
  facts.made = made_by(settings, from.hash, data.hash(), from.facts.made);
  save_model(run.directory() / "model", model, data.subwords, facts, true);
  return out;
}

json run_finetuning(Run& run, const FinetuneSettings& settings, const MlmData& data) {
  const StaticBert from = open_bert(settings.model);
  check<FormatError>(data.vocabulary_hash() == from.vocabulary_hash(), data.directory.c_str(),
                     "has another vocabulary than the model was trained with");
  nn::Bert model(with_dropout(from.model->config(), settings.train));
  nn::load(model, nn::state_dict(*from.model));
  const json out = train_further(run, settings, model, training_data(settings.train, data));
  BertFacts facts = from.facts;
  facts.made = made_by(settings, from.hash, data.hash(), from.facts.made);
  save_bert(run.directory() / "model", model, data.wordpiece, facts, true);
  return out;
}

}  // namespace mosaic::apps
