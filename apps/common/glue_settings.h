// What `mosaic finetune glue` was asked for, as typed values.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/glue/tasks.h"
#include "engine/core/json.h"

namespace mosaic::apps {

// One point of the grid.
struct GlueSetting {
  double lr = 5e-5;
  int64_t batch = 32, epochs = 3;
  std::string name() const;  // "lr5e-05-b32-e3"
  json to_json() const;
};

struct GlueSettings {
  std::filesystem::path model;                 // where fine-tuning starts
  std::filesystem::path teacher;               // a fine-tuned model to learn from besides; empty: none
  std::filesystem::path glue;                  // the folder that holds the task folders; may be empty
  std::filesystem::path train_file, dev_file;  // instead of the folder's, for one task; may be empty
  std::vector<const data::GlueTask*> tasks;
  std::vector<double> lr{5e-5};
  std::vector<int64_t> batch{32}, epochs{3};
  uint64_t seed = 1;  // the first of `seeds` successive ones
  int64_t seeds = 1;
  int64_t max_length = 128;
  double dropout = 0;  // of embeddings, sublayers and classifier
  double weight_decay = 0, warmup_share = 0;
  double teacher_weight = 0.5, teacher_temperature = 1;
  bool random_init = false;  // the architecture of the model, none of its weights
  bool save_model = true;    // of the best setting, first seed
  int64_t save_every = 200;  // updates between checkpoints inside a fine-tuning

  // The product of the lists, learning rates outermost.
  std::vector<GlueSetting> grid() const;
  json to_json() const;
};

// Keys of GlueSettings::to_json() that a resumed run may change: every fine-tuning keeps its own identity.
std::vector<std::string> changeable_glue_settings();

// The grid of the Mixture-of-Supernets paper: learning rates {5e-5, 3e-5, 2e-5}, batches {16, 32}, epochs {2,
// 3, 4}.
void use_paper_grid(GlueSettings& settings);

// Tasks by name, each once, in GLUE's order; "all" is the nine that have a training set. UsageError for an
// unknown name, for none, and for AX, which only has a test.
std::vector<const data::GlueTask*> glue_tasks_named(const std::vector<std::string>& names);

// UsageError when options contradict each other or files that are needed are not named; ResourceError when a
// task's train or dev file is not there.
void check_glue_settings(const GlueSettings& settings);

}  // namespace mosaic::apps
