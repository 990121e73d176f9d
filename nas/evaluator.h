// Scores of architectures, remembered: each is computed once, in a run and over restarts.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "mos/space.h"
#include "nas/append_file.h"

namespace mosaic::nas {

struct Score {
  double loss = 0;                         // what a search minimises
  std::map<std::string, double> measures;  // anything else worth keeping ("bleu", "seconds")
};

json score_json(const Score& score);
Score score_from_json(const json& value, const std::string& where);

class Evaluator {
 public:
  using Function = std::function<Score(const mos::Arch&)>;

  struct Options {
    // What the scores belong to: checkpoint and data hashes, metric. Scores of another identity are refused.
    std::string identity;
    // JSON lines, one a score, appended as they are computed; empty keeps them in memory only.
    std::filesystem::path path;
  };

  // FormatError when the file is of another space or identity or damaged before its last line.
  Evaluator(mos::Space space, Function function, Options options);

  // The score, from memory when known. ArgumentError when the architecture is not of the space or the
  // function returned a loss that is not finite (such a score is not kept).
  Score operator()(const mos::Arch& arch);

  bool knows(const mos::Arch& arch) const { return scores_.contains(arch.text()); }
  int64_t computed() const { return computed_; }  // calls of the function
  int64_t reused() const { return reused_; }      // answers from memory
  int64_t size() const { return static_cast<int64_t>(scores_.size()); }
  const mos::Space& space() const { return space_; }
  const std::string& identity() const { return options_.identity; }

 private:
  void load();
  mos::Space space_;
  Function function_;
  Options options_;
  std::map<std::string, Score> scores_;  // by canonical text, so no two architectures can be confused
  std::unique_ptr<AppendFile> file_;
  int64_t computed_ = 0, reused_ = 0;
};

}  // namespace mosaic::nas
