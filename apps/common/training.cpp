#include "apps/common/training.h"

#include <cmath>

#include "apps/common/diagnosing.h"
#include "apps/common/interrupt.h"
#include "apps/common/models.h"
#include "apps/common/output.h"
#include "apps/common/progress.h"
#include "apps/common/sentences.h"
#include "apps/common/text.h"
#include "engine/core/allocator.h"
#include "nn/module.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

// One log record as a line for people.
void tell(const json& record) {
  const std::string event = record.value("event", "");
  const auto number = [&](const char* key) { return record.value(key, 0.0); };
  if (event == "update")
    say("update ", record.value("update", int64_t{0}), "/", record.value("max_updates", int64_t{0}),
        "  loss ", fixed(number("loss"), 3), "  perplexity ", fixed(number("perplexity"), 1), "  lr ",
        brief(number("lr")), "  ", with_thousands(static_cast<int64_t>(number("tokens_per_second"))),
        " tokens/s");
  else if (event == "validation")
    say("validation at ", record.value("update", int64_t{0}), ": loss ", fixed(number("score"), 3),
        record.value("best", false) ? " (best so far)" : "");
  else if (event == "not finite" || event == "skipped")
    warn(event, ": ", record.value("message", record.dump()));
  else
    detail(record.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::vector<nn::SequenceBatch> validation_set(const TrainSettings& settings, const PreparedData& data) {
  std::vector<data::Example> valid = data.examples("valid");
  if (settings.valid_pairs > 0 && settings.valid_pairs < static_cast<int64_t>(valid.size()))
    valid.resize(static_cast<size_t>(settings.valid_pairs));
  return validation_batches(valid, settings.batches);
}

double last_validation(const std::vector<json>& log) {
  for (auto event = log.rbegin(); event != log.rend(); ++event)
    if (event->value("event", "") == "validation") return event->value("score", 0.0);
  return NAN;
}

ModelFacts facts_of(const TrainSettings& settings, const PreparedData& data, const Run& run) {
  return {.source_language = data.source_language,
          .target_language = data.target_language,
          .arch = settings.standalone ? settings.arch.to_json() : json(),
          .space = settings.space.to_json(),
          .decoding = settings.decoding,
          .made = {{"command", "train"},
                   {"run", path_text(run.directory())},
                   {"data", data.hash()},
                   {"seed", settings.seed}}};
}

TrainingResult train_supernet(Run& run, const TrainSettings& settings, const PreparedData& data) {
  mos::Supernet supernet(settings.space, supernet_options(settings, data.subwords),
                         Generator(settings.seed).fork("init"));
  say("supernet of space ", settings.space.name(), ", ", mos::routing_name(settings.mixture.routing),
      " mixture, ", with_thousands(nn::parameter_count(supernet)), " parameters");
  save_supernet_facts(run.directory(), supernet, data.subwords, facts_of(settings, data, run));
  nas::SupernetTarget target(supernet, nas::Sampler(settings.space, settings.sampling), settings.target);
  TrainingResult result = run_training(run, target, settings, data, "train");
  if (const auto kept = run.results() / "diagnostics.json"; std::filesystem::exists(kept) && result.rested) {
    result.diagnostics = load_json(kept);
    return result;
  }
  nn::load(supernet, checkpoint_weights(run.directory(), "best"));
  result.diagnostics = diagnose(supernet, validation_set(settings, data));
  save_json(run.results() / "diagnostics.json", result.diagnostics);
  run.log({{"event", "diagnostics"}, {"update", result.updates}, {"diagnostics", result.diagnostics}});
  const json& losses = result.diagnostics["validation"];
  say("validation nll: largest ", fixed(losses["largest"].get<double>(), 4), ", smallest ",
      fixed(losses["smallest"].get<double>(), 4), ", mean of 10 random ",
      fixed(losses["random_mean"].get<double>(), 4));
  return result;
}

TrainingResult train_standalone(Run& run, const TrainSettings& settings, const PreparedData& data) {
  Generator init = Generator(settings.seed).fork("init");
  nn::Seq2Seq model(standalone_config(settings, data.subwords), init);
  say("standalone model of space ", settings.space.name(), ", ", with_thousands(nn::parameter_count(model)),
      " parameters");
  nas::StaticTarget target(model);
  const TrainingResult result = run_training(run, target, settings, data, "train");
  nn::load(model, checkpoint_weights(run.directory(), settings.average > 1 ? "average" : "best"));
  save_model(run.directory() / "model", model, data.subwords, facts_of(settings, data, run), true);
  say("model in ", (run.directory() / "model").string());
  return result;
}

}  // namespace

json TrainingResult::to_json() const {
  return {{"steps", updates},
          {"seconds", seconds},
          {"tokens_per_second", tokens_per_second},
          {"loss", std::isfinite(loss) ? json(loss) : json()},
          {"best_loss", std::isfinite(best_loss) ? json(best_loss) : json()},
          {"peak_bytes", peak_bytes},
          {"checkpoint", path_text(checkpoint)},
          {"reason", reason},
          {"diagnostics", diagnostics}};
}

TrainingResult run_training(Run& run, nas::TrainTarget& target, const TrainSettings& settings,
                            const PreparedData& data, const std::string& label) {
  const Generator random(settings.seed);
  PlannedBatches batches(data.examples("train"), settings.batches, settings.tokens_per_update,
                         random.fork("data"), data.hash());
  if (batches.plan().dropped() > 0)
    warn(batches.plan().dropped(), " training pairs are too long and left out");
  const std::vector<nn::SequenceBatch> validation = validation_set(settings, data);

  nas::TrainerOptions options = settings.trainer;
  options.directory = run.checkpoints();
  options.stop = &stop_flag();
  options.log = [&](const json& record) {
    run.log(record);
    tell(record);
  };
  nas::Trainer trainer(target, batches, validation, options);
  if (trainer.resume()) say("going on from update ", trainer.updates());
  run.rewind_log(trainer.updates());
  detail(batches.plan().examples(), " training pairs in ", batches.plan().batches(), " batches");

  allocator().reset_peak();
  const bool at_end = trainer.updates() >= options.max_updates;
  nas::StopReason reason = nas::StopReason::finished;
  Progress progress(label, options.max_updates);
  batches.on_update = [&] { progress.update(trainer.updates()); };
  if (!at_end) reason = trainer.run();
  if (reason == nas::StopReason::stopped)
    throw Interrupted("train", cat("saved at update ", trainer.updates(), "; --resume goes on"));

  const double session = progress.seconds();
  TrainingResult result{
      .updates = trainer.updates(),
      .seconds = trainer.seconds(),
      .tokens_per_second = session > 0 ? static_cast<double>(batches.tokens()) / session : 0,
      .loss = last_validation(read_log(run.directory())),
      .best_loss = trainer.best_score(),
      .peak_bytes = allocator().stats().peak,
      .checkpoint = numbered_checkpoints(run.directory()).back(),
      .reason = nas::stop_name(reason),
      .rested = at_end};
  return result;
}

mos::Supernet::Options supernet_options(const TrainSettings& settings, const data::Subwords& subwords) {
  return {.vocabulary = {.source = subwords.size(),
                         .target = subwords.size(),
                         .joined = settings.joined_vocabulary},
          .mixture = settings.mixture,
          .dropout = settings.dropout,
          .attention_dropout = settings.attention_dropout,
          .activation_dropout = settings.activation_dropout,
          .scale_dropout = settings.scale_dropout,
          .bos = data::Subwords::bos,
          .padding = data::Subwords::pad,
          .eos = data::Subwords::eos};
}

nn::TransformerConfig standalone_config(const TrainSettings& settings, const data::Subwords& subwords) {
  mos::Supernet::Options options = supernet_options(settings, subwords);
  options.mixture = {};
  return mos::Supernet(settings.space, options).model_config(settings.arch);
}

TrainingResult train_model(Run& run, const TrainSettings& settings, const PreparedData& data) {
  return settings.standalone ? train_standalone(run, settings, data) : train_supernet(run, settings, data);
}

}  // namespace mosaic::apps
