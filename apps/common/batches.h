// What training draws its batches from, whatever the task.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "nas/trainer.h"

namespace mosaic::apps {

// A source that counts what it gave out and tells of every update.
class UpdateSource : public nas::BatchSource {
 public:
  // Tokens of the data given out so far in this process: target tokens of pairs, tokens of sequences.
  int64_t tokens() const { return tokens_; }
  std::function<void()> on_update;

 protected:
  void gave(int64_t tokens) {
    tokens_ += tokens;
    if (on_update) on_update();
  }

 private:
  int64_t tokens_ = 0;
};

// {"data": identity, "position": ...} as a cursor, and back; FormatError for a cursor of other data or one
// outside the `batches` of an epoch.
json cursor_of(const std::string& identity, const data::DataPosition& position);
data::DataPosition position_from(const json& cursor, const std::string& identity, int64_t batches);

// A task's data as training wants it.
struct TrainingData {
  std::unique_ptr<UpdateSource> train;
  std::vector<nn::Batch> valid;
};

}  // namespace mosaic::apps
