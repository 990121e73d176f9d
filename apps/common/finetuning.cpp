#include "apps/common/finetuning.h"

#include "apps/common/output.h"
#include "apps/common/sentences.h"
#include "apps/common/text.h"
#include "nn/module.h"

namespace mosaic::apps {
namespace {

// The model with the dropout rates asked for.
std::unique_ptr<nn::Seq2Seq> with_dropout(std::unique_ptr<nn::Seq2Seq> model, const TrainSettings& settings) {
  nn::TransformerConfig sizes = model->config();
  const auto change = [](double& rate, double wanted) { rate = wanted < 0 ? rate : wanted; };
  change(sizes.dropout, settings.dropout);
  change(sizes.attention_dropout, settings.attention_dropout);
  change(sizes.activation_dropout, settings.activation_dropout);
  if (sizes == model->config()) return model;
  auto changed = std::make_unique<nn::Seq2Seq>(sizes);
  nn::load(*changed, nn::state_dict(*model));
  return changed;
}

}  // namespace

json run_finetuning(Run& run, const FinetuneSettings& settings, const PreparedData& data) {
  StaticModel from = open_model(settings.model);
  check<FormatError>(data.subwords.hash() == from.subwords.hash(), data.directory.c_str(),
                     "has other subwords than the model was trained with");
  const std::unique_ptr<nn::Seq2Seq> model = with_dropout(std::move(from.model), settings.train);
  const nn::StateDict initial = nn::clone(nn::state_dict(*model));
  const std::vector<nn::SequenceBatch> valid =
      validation_batches(data.examples("valid"), settings.train.batches);
  const auto loss = [&] {
    return nas::evaluate(*model, valid, settings.train.trainer.label_smoothing).mean();
  };
  const double before = loss();
  say("validation loss of the inherited weights: ", fixed(before, 4));
  nas::StaticTarget target(*model);
  json out = run_training(run, target, settings.train, data, "finetune").to_json();

  nn::load(*model, checkpoint_weights(run.directory(), settings.train.average > 1 ? "average" : "best"));
  const double after = loss();
  if (after > before) {
    warn("further training did not help (validation loss ", fixed(before, 4), " before, ", fixed(after, 4),
         " after): the inherited weights are kept");
    nn::load(*model, initial);
  }
  ModelFacts facts = from.facts;
  facts.made = {{"command", "finetune"}, {"model", path_text(settings.model)}, {"weights", from.hash},
                {"data", data.hash()},   {"seed", settings.train.seed},        {"before", from.facts.made}};
  save_model(run.directory() / "model", *model, data.subwords, facts, true);
  out["initial_loss"] = before;
  out["final_loss"] = std::min(before, after);
  out["improved"] = after <= before;
  out["model"] = path_text(run.directory() / "model");
  return out;
}

}  // namespace mosaic::apps
