// Training inside a run directory: batches, checkpoints, log, progress; the same for supernets and static
// models.
#pragma once

#include <string>

#include "apps/common/batches.h"
#include "apps/common/mlm_data.h"
#include "apps/common/prepared.h"
#include "apps/common/run.h"
#include "apps/common/settings.h"

namespace mosaic::apps {

struct TrainingResult {
  int64_t updates = 0;
  double seconds = 0;            // of training, earlier sessions included
  double tokens_per_second = 0;  // of the data in this session, each counted once
  double loss = 0;               // of the last validation, nats a token with label smoothing
  double best_loss = 0;
  uint64_t peak_bytes = 0;  // tensor memory
  std::filesystem::path checkpoint;
  std::string reason;     // "finished", "out of time", "no improvement"
  bool rested = false;    // the run was at its end already
  json diagnostics = {};  // of a supernet: diagnosing.h; else null
  // steps, seconds, tokens_per_second, loss, best_loss, peak_bytes, checkpoint, reason, diagnostics
  json to_json() const;
};

// Trains the target from the newest whole checkpoint of the run, or from its present weights when there is
// none. A run that is at its end already is left as it is. Throws Interrupted, after a checkpoint was
// written, when somebody asks to stop.
TrainingResult run_training(Run& run, nas::TrainTarget& target, const TrainSettings& settings,
                            const TrainingData& data, const std::string& label);

// A data directory's batches as the settings want them.
TrainingData training_data(const TrainSettings& settings, const PreparedData& data);
TrainingData training_data(const TrainSettings& settings, const MlmData& data);

// Trains what the settings describe: a supernet, which leaves supernet.json in the run, or one architecture
// from scratch, which leaves RUN/model.
TrainingResult train_model(Run& run, const TrainSettings& settings, const PreparedData& data);
TrainingResult train_model(Run& run, const TrainSettings& settings, const MlmData& data);

// Of a supernet for a data directory's vocabulary.
mos::Supernet::Options supernet_options(const TrainSettings& settings, const data::Subwords& subwords);
mos::SuperBert::Options supernet_options(const TrainSettings& settings, const data::WordPiece& wordpiece);
// The sizes of the standalone model of settings.arch.
nn::TransformerConfig standalone_config(const TrainSettings& settings, const data::Subwords& subwords);

}  // namespace mosaic::apps
