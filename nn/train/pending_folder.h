// A folder that appears whole or not at all. Internal to nn/train.
#pragma once

#include <filesystem>

namespace mosaic::nn {

// A place beside the target to fill with files; gone again unless published.
class PendingFolder {
 public:
  explicit PendingFolder(const std::filesystem::path& target);
  ~PendingFolder();
  PendingFolder(const PendingFolder&) = delete;
  PendingFolder& operator=(const PendingFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

  // Moves it to the target, durably. At every instant the target is the old folder, the new one, or was never
  // there. ResourceError when the file system refuses; an old folder is then in place.
  void publish();

  // Removes what processes that are gone left half-written in a folder.
  static void clear_abandoned(const std::filesystem::path& folder);

 private:
  bool replace_in_two_steps();
  std::filesystem::path target_, path_;
};

}  // namespace mosaic::nn
