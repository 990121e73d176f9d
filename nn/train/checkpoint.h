// Checkpoints: everything a run needs to go on bit by bit, in a folder that is whole or not there.
//
//   model.safetensors      parameters and buffers
//   optimizer.safetensors  moments (absent when saved without an optimizer)
//   state.json             step, the optimizer's numbers, and what the caller keeps: generators, data cursor,
//   scores manifest.json          format version, size and XXH3 hash of each of the others, written last
//
// A folder is written beside its place, read back and checked, and only then renamed; older ones are removed
// after that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/json.h"
#include "engine/core/random.h"
#include "nn/module.h"
#include "nn/optim/optimizer.h"

namespace mosaic::nn {

struct Checkpoint {
  int64_t step = 0;
  StateDict model;
  std::optional<OptimizerState> optimizer;
  json state = json::object();
};

// Replaces the folder if it exists. ResourceError when the disk refuses; an old folder is then untouched.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint);
// Checks the manifest first. FormatError naming the file and the reason; ResourceError when files are
// missing. Tensors are read-only views of the mapped files.
Checkpoint load_checkpoint(const std::filesystem::path& folder);
// Only the check; cheaper than loading by the parsing.
void verify_checkpoint(const std::filesystem::path& folder);

// A run's folder of checkpoints "step-0000001000", of which the newest `keep_last` stay.
class CheckpointStore {
 public:
  explicit CheckpointStore(std::filesystem::path folder, int64_t keep_last = 5);

  // Writes the checkpoint under its step, then removes the oldest beyond keep_last.
  std::filesystem::path save(const Checkpoint& checkpoint) const;
  // Under a name ("best") that is never removed. ArgumentError unless the name is letters, digits, '-' or
  // '_'.
  std::filesystem::path save_as(const std::string& name, const Checkpoint& checkpoint) const;

  std::vector<int64_t> steps() const;  // ascending, whole or damaged
  std::filesystem::path path_of(int64_t step) const;
  std::filesystem::path path_of(const std::string& name) const;
  // The newest that verifies, nothing when there is none; messages about damaged newer ones go to `skipped`.
  std::optional<Checkpoint> latest(std::vector<std::string>* skipped = nullptr) const;

 private:
  std::filesystem::path folder_;
  int64_t keep_last_;
};

// {"key": 16 hexadecimal digits, "position": ...}
json generator_state(const Generator& generator);
Generator generator_from(const json& value, const std::string& where);

// Elements that are NaN or infinite, by tensor: a healthy checkpoint has none.
std::map<std::string, int64_t> non_finite(const StateDict& dict);

}  // namespace mosaic::nn
