// A pipeline of stages with memory: what was done for the same inputs is not done again.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "engine/core/json.h"

namespace mosaic::apps {

// Stages run in order. The key of a stage is made of its inputs and the keys of all stages before it, so a
// change makes everything after it anew. Kept in DIRECTORY/stages.json.
class Stages {
 public:
  Stages(const std::filesystem::path& directory, int64_t count);

  // Gives the result of an earlier run with the same key, or of work(again): `again` is true when this very
  // stage was begun before and may go on where it stopped, false when leftovers belong to other inputs.
  json run(const std::string& name, const json& inputs, const std::function<json(bool again)>& work);

  // Seconds of work behind the results, earlier runs included.
  double seconds() const { return seconds_; }
  int64_t reused() const { return reused_; }

 private:
  void save() const { save_json(path_, memory_); }
  std::filesystem::path path_;
  json memory_ = json::object();
  std::string chain_;
  int64_t count_, at_ = 0, reused_ = 0;
  double seconds_ = 0;
};

}  // namespace mosaic::apps
