#include "apps/common/training.h"

#include <cmath>

#include "apps/common/bert_models.h"
#include "apps/common/cli.h"
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

double last_validation(const std::vector<json>& log) {
  for (auto event = log.rbegin(); event != log.rend(); ++event)
    if (event->value("event", "") == "validation") return event->value("score", 0.0);
  return NAN;
}

json made_by(const TrainSettings& settings, const Run& run, const std::string& data) {
  return {{"command", "train"}, {"run", path_text(run.directory())}, {"data", data}, {"seed", settings.seed}};
}

ModelFacts facts_of(const TrainSettings& settings, const PreparedData& data, const Run& run) {
  return {.source_language = data.source_language,
          .target_language = data.target_language,
          .arch = settings.standalone ? settings.arch.to_json() : json(),
          .space = settings.space.to_json(),
          .decoding = settings.decoding,
          .made = made_by(settings, run, data.hash())};
}

BertFacts facts_of(const TrainSettings& settings, const MlmData& data, const Run& run) {
  return {.arch = settings.standalone ? settings.arch.to_json() : json(),
          .space = settings.space.to_json(),
          .task = "",
          .labels = {},
          .made = made_by(settings, run, data.hash())};
}

template <class Super>
TrainingResult train_supernet(Run& run, const TrainSettings& settings, Super& supernet,
                              const TrainingData& data) {
  say("supernet of space ", settings.space.name(), ", ", mos::routing_name(settings.mixture.routing),
      " mixture, ", with_thousands(nn::parameter_count(supernet)), " parameters");
  nas::SuperTarget<Super> target(supernet, nas::Sampler(settings.space, settings.sampling), settings.target);
  TrainingResult result = run_training(run, target, settings, data, "train");
  const fs::path kept = run.results() / "diagnostics.json";
  if (fs::exists(kept) && result.rested) {
    result.diagnostics = load_json(kept);
    return result;
  }
  if (data.valid.empty()) return result;
  nn::load(supernet, checkpoint_weights(run.directory(), "best"));
  result.diagnostics = diagnose(supernet, data.valid);
  save_json(kept, result.diagnostics);
  run.log({{"event", "diagnostics"}, {"update", result.updates}, {"diagnostics", result.diagnostics}});
  const json& losses = result.diagnostics["validation"];
  say("validation nll: largest ", fixed(losses["largest"].get<double>(), 4), ", smallest ",
      fixed(losses["smallest"].get<double>(), 4), ", mean of 10 random ",
      fixed(losses["random_mean"].get<double>(), 4));
  return result;
}

template <class Model>
TrainingResult train_standalone(Run& run, const TrainSettings& settings, Model& model,
                                const TrainingData& data) {
  say("standalone model of space ", settings.space.name(), ", ", with_thousands(nn::parameter_count(model)),
      " parameters");
  nas::ModelTarget<Model> target(model);
  const TrainingResult result = run_training(run, target, settings, data, "train");
  nn::load(model, checkpoint_weights(run.directory(), settings.average > 1 ? "average" : "best"));
  say("model in ", (run.directory() / "model").string());
  return result;
}

// The model that training starts from; its vocabulary must be the data's.
StaticBert initial_bert(const TrainSettings& settings, const MlmData& data) {
  StaticBert from = open_bert(settings.init);
  check<FormatError>(from.vocabulary_hash() == data.vocabulary_hash(), settings.init.c_str(),
                     "has another vocabulary than the data: mosaic data mlm --vocab ",
                     (settings.init / "vocab.txt").string(), " makes data with its own");
  return from;
}

// What a model may lack that training starts from: the head, when it was made for another purpose.
void check_initial(const std::vector<std::string>& missing, const TrainSettings& settings) {
  for (const std::string& name : missing)
    check<FormatError>(name.starts_with("mlm."), settings.init.c_str(), "lacks ", name);
  if (!missing.empty()) warn(settings.init.string(), " has no masked-language-model head: it starts anew");
  say("starting from the weights of ", settings.init.string());
}

nn::StateDict initial_weights(const TrainSettings& settings, const MlmData& data) {
  nn::StateDict weights = nn::state_dict(*initial_bert(settings, data).model);
  std::erase_if(weights, [](const auto& item) { return item.first.starts_with("classifier."); });
  return weights;
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
                            const TrainingData& data, const std::string& label) {
  nas::TrainerOptions options = settings.trainer;
  options.directory = run.checkpoints();
  options.stop = &stop_flag();
  options.log = [&](const json& record) {
    run.log(record);
    tell(record);
  };
  UpdateSource& batches = *data.train;
  nn::move(target.module(), compute_device());
  nas::Trainer trainer(target, batches, data.valid, options);
  if (trainer.resume()) say("going on from update ", trainer.updates());
  run.rewind_log(trainer.updates());

  allocator(compute_device()).reset_peak();
  const bool at_end = trainer.updates() >= options.max_updates ||
                      (options.schedule_by_time && trainer.seconds() >= options.max_seconds);
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
      .peak_bytes = allocator(compute_device()).stats().peak,
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

mos::SuperBert::Options supernet_options(const TrainSettings& settings, const data::WordPiece& wordpiece) {
  return {.vocabulary = wordpiece.size(),
          .padding = wordpiece.pad(),
          .mixture = settings.mixture,
          .expert_start = settings.expert_start,
          .dropout = settings.dropout,
          .attention_dropout = settings.attention_dropout,
          .scale_dropout = settings.scale_dropout,
          .initializer_range = settings.initializer_range};
}

TrainingData training_data(const TrainSettings& settings, const PreparedData& data) {
  auto batches =
      std::make_unique<PlannedBatches>(data.examples("train"), settings.batches, settings.tokens_per_update,
                                       Generator(settings.seed).fork("data"), data.hash());
  const data::BatchPlan& plan = batches->plan();
  if (plan.dropped() > 0) warn(plan.dropped(), " training pairs are too long and left out");
  detail(plan.examples(), " training pairs in ", plan.batches(), " batches");
  return {.train = std::move(batches),
          .valid = validation_set(data, settings.batches, settings.valid_examples)};
}

TrainingData training_data(const TrainSettings& settings, const MlmData& data) {
  return {
      .train = std::make_unique<MlmUpdates>(data, settings.masking, settings.rows, settings.rows_per_update,
                                            Generator(settings.seed).fork("data")),
      .valid = validation_set(data, settings.masking, settings.rows * data.corpus.valid().length(),
                              settings.valid_examples)};
}

TrainingResult train_model(Run& run, const TrainSettings& settings, const PreparedData& data) {
  Generator init = Generator(settings.seed).fork("init");
  const ModelFacts facts = facts_of(settings, data, run);
  const TrainingData batches = training_data(settings, data);
  if (!settings.standalone) {
    mos::Supernet supernet(settings.space, supernet_options(settings, data.subwords), init);
    save_supernet_facts(run.directory(), supernet, data.subwords, facts);
    return train_supernet(run, settings, supernet, batches);
  }
  nn::Seq2Seq model(standalone_config(settings, data.subwords), init);
  const TrainingResult result = train_standalone(run, settings, model, batches);
  save_model(run.directory() / "model", model, data.subwords, facts, true);
  return result;
}

TrainingResult train_model(Run& run, const TrainSettings& settings, const MlmData& data) {
  Generator init = Generator(settings.seed).fork("init");
  const BertFacts facts = facts_of(settings, data, run);
  const TrainingData batches = training_data(settings, data);
  mos::SuperBert::Options options = supernet_options(settings, data.wordpiece);
  if (!settings.standalone) {
    mos::SuperBert supernet(settings.space, options, init);
    if (!settings.init.empty()) check_initial(supernet.start_from(initial_weights(settings, data)), settings);
    save_supernet_facts(run.directory(), supernet, data.wordpiece, facts);
    return train_supernet(run, settings, supernet, batches);
  }
  options.mixture = {};
  nn::Bert model(mos::SuperBert(settings.space, options).model_config(settings.arch), init);
  if (!settings.init.empty()) {
    const nn::LoadReport report = nn::load(model, initial_weights(settings, data), nn::Strict::no);
    check<FormatError>(report.unexpected.empty(), settings.init.c_str(), "has ",
                       join(report.unexpected, ", "), ", which the model has not");
    check_initial(report.missing, settings);
  }
  const TrainingResult result = train_standalone(run, settings, model, batches);
  save_bert(run.directory() / "model", model, data.wordpiece, facts, true);
  return result;
}

}  // namespace mosaic::apps
