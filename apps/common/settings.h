// The configuration of training as typed values: what `mosaic train --config` may say.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/batch.h"
#include "data/masking.h"
#include "engine/core/json.h"
#include "mos/super_bert.h"
#include "mos/supernet.h"
#include "nas/trainer.h"

namespace mosaic::apps {

// How sentences are translated when a command does not say otherwise.
struct DecodingSettings {
  int64_t beam = 5;
  double length_penalty = 1.0;
  int64_t max_length = 200;  // tokens at most: max_length + source_factor * (source tokens)
  double source_factor = 0;
};

// What is learned: translation from sentence pairs, or BERT's masked language modelling.
enum class Task { translation, masked_lm };
const char* task_name(Task task);                                    // "translation", "masked-lm"
Task task_named(const std::string& name, const std::string& where);  // FormatError for another name
// Of the data directory that a configuration names.
Task task_of_data(const std::filesystem::path& data);

struct TrainSettings {
  Task task = Task::translation;
  std::filesystem::path data;  // a data directory
  bool standalone = false;     // one architecture from scratch instead of a supernet
  mos::Space space = mos::space_named("nano");
  mos::Arch arch;  // of standalone
  mos::MixtureOptions mixture;
  double dropout = 0.3, attention_dropout = 0, activation_dropout = 0;
  bool scale_dropout = true, joined_vocabulary = true;
  mos::ExpertStart expert_start = mos::ExpertStart::by_space;  // BERT
  double initializer_range = 0.02;                             // BERT
  std::filesystem::path
      init;  // BERT: a model directory whose weights training starts from; empty: fresh ones
  nas::Sampler::Options sampling;
  nas::SuperTargetOptions target;
  nas::TrainerOptions trainer;  // without directory, log and stop
  int64_t tokens_per_update = 0;
  data::BatchOptions batches;              // translation
  int64_t rows = 32, rows_per_update = 0;  // BERT: sequences of a micro-batch, of an update (0: one batch)
  data::MaskingOptions masking;            // BERT
  int64_t valid_examples = 0;              // use the first so many validation pairs or sequences; 0: all
  int64_t average = 1;  // final weights: the mean of so many last checkpoints; 1: the best one
  DecodingSettings decoding;
  uint64_t seed = 1;
};

json decoding_json(const DecodingSettings& decoding);

// Every key of a task with its default.
json default_settings(Task task = Task::translation);
// Reads a resolved configuration; `where` (the file) opens every message. FormatError names the key.
TrainSettings read_settings(const json& config, const std::string& where, Task task = Task::translation);

// Of training an extracted model further (a BERT: on masked text): no space and no sampling, the sizes are
// the model's. Negative dropout rates keep the model's own.
struct FinetuneSettings {
  std::filesystem::path model;  // a static model directory
  TrainSettings train;          // data, training, batches, decoding, seed, dropouts
};
json default_finetune_settings(Task task = Task::translation);
FinetuneSettings read_finetune_settings(const json& config, const std::string& where,
                                        Task task = Task::translation);

// "neuron-wise", "layer-wise", "fixed-input", "init-matched", "sandwich", "hat", "standalone": the methods
// that are compared, as what each changes in a configuration. UsageError for another name.
std::vector<std::string> method_names();
json method_settings(const std::string& method);

// Loads an architecture named "largest", "smallest", or given by a file's path or an object.
mos::Arch arch_from(const mos::Space& space, const json& value, const std::string& where);
// A space named, in a file, or written out.
mos::Space space_from(const json& value, const std::string& where);

}  // namespace mosaic::apps
