// A run directory: resolved configuration, manifest, log, checkpoints and results of one piece of work,
// locked while somebody works in it.
//
//   config.json    what was asked for, every key with its value
//   manifest.json  what it was run with: version, command, seed, instruction set, threads, hashes of the
//   inputs log.jsonl      one event a line, complete up to the last line at any time checkpoints/   training
//   state; results/ what was measured; report.html for people
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/core/json.h"

namespace mosaic::apps {

// What to do when the directory has a run already.
enum class Existing {
  refuse,     // UsageError that names --resume and --force
  resume,     // go on; the configuration must be the same
  overwrite,  // begin anew; the old run is deleted
};

// An exclusive lock on a directory; ends with the process, however that dies.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  // ResourceError when another process holds it; names its process id.
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;

 private:
  int descriptor_ = -1;
};

struct RunOptions {
  std::string command;  // "train": a directory made by another command is refused
  Existing existing = Existing::refuse;
  // Resume although the configuration changed (--override); the new one is saved.
  bool allow_changes = false;
  // Dotted keys that may change on resume without being asked ("training.updates").
  std::vector<std::string> may_change;
};

class Run {
 public:
  // Makes or opens the directory, takes the lock, saves config.json. Refusals change nothing on disk.
  static Run open(const std::filesystem::path& directory, const json& config, const RunOptions& options);

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path checkpoints() const { return directory_ / "checkpoints"; }
  std::filesystem::path results() const { return directory_ / "results"; }
  std::filesystem::path report() const { return directory_ / "report.html"; }
  bool resumed() const { return resumed_; }

  // Adds version, instruction set, compiler, threads and time to `facts` and saves manifest.json. On resume
  // the first manifest stays and the new facts are appended to its "resumed" list; warns when the instruction
  // set or the version changed, and throws FormatError when "inputs" did.
  void manifest(json facts);

  // Appends one event to log.jsonl and flushes it.
  void log(json event);
  // Drops the events after update `update` (and a line that a crash cut short): what a resumed run does
  // again.
  void rewind_log(int64_t update);

 private:
  std::filesystem::path directory_;
  DirectoryLock lock_;
  bool resumed_ = false;
};

// All complete events of a run's log.
std::vector<json> read_log(const std::filesystem::path& directory);

// {"path", "bytes", "hash"} of an input file, for manifests.
json file_facts(const std::filesystem::path& path);

}  // namespace mosaic::apps
