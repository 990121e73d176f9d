// What model directories and runs of every kind of model share: refusals, weights with their hash,
// checkpoints.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/json.h"
#include "nn/module.h"

namespace mosaic::apps {

// Before a model directory is written: UsageError when it holds a model already and `overwrite` is not set,
// or when it holds something else. An old config.json is removed: written last, it vouches for the rest.
void begin_model_directory(const std::filesystem::path& directory, bool overwrite);
// model.safetensors. Returns what config.json says of it.
json save_weights(const std::filesystem::path& directory, nn::Module& model);

// config.json of a model directory. ResourceError when there is none, FormatError for foreign weights.
json load_model_config(const std::filesystem::path& directory);
// The weights, whose hash must be the one config.json gives (its "weights", which is read from `config`);
// warns of numbers that are not finite. `hash` receives it.
nn::StateDict load_weights(const std::filesystem::path& directory, Fields& config, std::string& hash);

// supernet.json of a run, or ResourceError.
json load_supernet_config(const std::filesystem::path& run);
// "seq2seq" or "bert": the kind of model that a run's supernet or a model directory's config holds;
// ResourceError when it is neither, FormatError for another kind.
std::string supernet_kind(const std::filesystem::path& run);
std::string model_kind(const std::filesystem::path& directory);

// The folders of a run's numbered checkpoints, oldest first.
std::vector<std::filesystem::path> numbered_checkpoints(const std::filesystem::path& run);
// The weights of "best", "last" or "average" (of all numbered checkpoints); `from` receives the folder
// ("last" when nothing was validated).
nn::StateDict checkpoint_weights(const std::filesystem::path& run, const std::string& which,
                                 std::filesystem::path* from = nullptr);
// One hash over what checkpoint_weights() read.
std::string checkpoint_hash(const std::filesystem::path& run, const std::string& which,
                            const std::filesystem::path& from);

void warn_of_bad_numbers(const nn::StateDict& weights, const std::filesystem::path& where);
// Refuses what is not ours with a way out: a Python pickle, a GGUF file.
void refuse_foreign_weights(const std::filesystem::path& file);

}  // namespace mosaic::apps
