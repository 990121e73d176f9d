// Saving and resuming: what besides weights and moments a run must remember.
#include <cmath>

#include "nas/trainer.h"

namespace mosaic::nas {

namespace {

constexpr int64_t state_version = 1;

// Where two JSON values differ first, as "options.schedule.peak: 0.001 in the checkpoint, 0.002 now".
std::optional<std::string> difference(const json& saved, const json& current, const std::string& path) {
  if (saved == current) return std::nullopt;
  if (saved.is_object() && current.is_object()) {
    for (const auto& [key, value] : saved.items()) {
      if (!current.contains(key)) return cat(path, ".", key, ": only in the checkpoint");
      if (auto found = difference(value, current.at(key), cat(path, ".", key))) return found;
    }
    for (const auto& [key, value] : current.items())
      if (!saved.contains(key)) return cat(path, ".", key, ": not in the checkpoint");
    return std::nullopt;  // the same content in another order
  }
  const auto brief = [](const json& value) {
    const std::string text = value.dump();
    return text.size() <= 80 ? text : text.substr(0, 77) + "...";
  };
  return cat(path, ": ", brief(saved), " in the checkpoint, ", brief(current), " now");
}

void refuse_difference(const json& saved, const json& current, const std::string& path) {
  if (const auto found = difference(saved, current, path)) throw FormatError("resume", *found);
}

}  // namespace

nn::Checkpoint Trainer::weights() const {
  nn::Checkpoint checkpoint;
  checkpoint.step = update_;
  checkpoint.model = nn::state_dict(target_.module());
  checkpoint.state = {
      {"version", state_version},      {"target", target_.describe()},
      {"options", options_.to_json()}, {"cursor", data_.cursor()},
      {"seconds", seconds()},          {"best_score", std::isfinite(best_) ? json(best_) : json(nullptr)},
      {"best_update", best_update_},   {"bad_validations", bad_validations_}};
  if (options_.precision == f16)
    checkpoint.state["loss_scale"] = {{"scale", loss_scale_.scale},
                                      {"good_updates", loss_scale_.good_updates}};
  return checkpoint;
}

nn::Checkpoint Trainer::checkpoint() const {
  nn::Checkpoint checkpoint = weights();
  checkpoint.optimizer = optimizer_.state();
  return checkpoint;
}

void Trainer::restore(const nn::Checkpoint& checkpoint) {
  Fields fields(checkpoint.state, "checkpoint: state");
  fields.integer("version", 1, state_version);
  refuse_difference(fields.object("target"), target_.describe(), "target");
  refuse_difference(fields.object("options"), options_.to_json(), "options");
  const json& cursor = fields.any("cursor");
  const double earlier = fields.number("seconds", 0);
  const json& best = fields.any("best_score");
  check<FormatError>(best.is_null() || best.is_number(), "checkpoint: state",
                     "best_score must be a number or null");
  const int64_t best_update = fields.integer("best_update", 0);
  const int64_t bad_validations = fields.integer("bad_validations", 0);
  nn::LossScale loss_scale = loss_scale_;
  if (options_.precision == f16) {
    Fields scale(fields.object("loss_scale"), "checkpoint: state.loss_scale");
    loss_scale.scale = scale.number("scale", nn::LossScale::smallest, nn::LossScale::largest);
    loss_scale.good_updates = scale.integer("good_updates", 0, nn::LossScale::patience);
    scale.finish();
  }
  fields.finish();
  check<FormatError>(checkpoint.optimizer.has_value(), "resume",
                     "the checkpoint has weights only, no optimizer state");

  nn::load(target_.module(), checkpoint.model);
  optimizer_.load(*checkpoint.optimizer);
  data_.seek(cursor);
  update_ = checkpoint.step;
  best_ = best.is_null() ? INFINITY : best.get<double>();
  best_update_ = best_update;
  bad_validations_ = bad_validations;
  earlier_seconds_ = earlier;
  loss_scale_ = loss_scale;
  session_begin_ += seconds() - earlier;  // this session's clock starts now
  saved_ = update_;
}

void Trainer::save() {
  saved_ = update_;
  if (options_.directory.empty()) return;
  const nn::CheckpointStore store(options_.directory, options_.keep);
  log("saved", {{"path", store.save(checkpoint()).string()}});
}

void Trainer::save_best() {
  if (options_.directory.empty()) return;
  const nn::CheckpointStore store(options_.directory, options_.keep);
  log("saved", {{"path", store.save_as("best", weights()).string()}});
}

bool Trainer::resume() {
  check(!options_.directory.empty(), "resume", "there is no directory of checkpoints");
  std::vector<std::string> skipped;
  const auto newest = nn::CheckpointStore(options_.directory, options_.keep).latest(&skipped);
  for (const std::string& message : skipped) log("skipped", {{"message", message}});
  if (!newest) return false;
  restore(*newest);
  log("resumed", {{"from", update_}});
  return true;
}

}  // namespace mosaic::nas
