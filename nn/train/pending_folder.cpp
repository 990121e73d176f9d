#include "nn/train/pending_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include "engine/core/error.h"

namespace mosaic::nn {
namespace {

namespace fs = std::filesystem;

const std::string prefix = ".saving-";

std::string reason(int error) {
  return std::generic_category().message(error);
}

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  // Some file systems cannot sync a directory; their renames are as durable as they get.
  if (failed != 0 && failed != EINVAL && failed != EROFS) {
    throw ResourceError(folder.string(), cat("did not reach the disk: ", reason(failed)));
  }
}

}  // namespace

PendingFolder::PendingFolder(const fs::path& target)
    : target_(target),
      path_(target.parent_path() / cat(prefix, ::getpid(), "-", target.filename().string())) {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

PendingFolder::~PendingFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);  // after an exchange this is the old folder
}

void PendingFolder::publish() {
  sync_folder(path_);
  const bool exists = fs::exists(fs::symlink_status(target_));
  const unsigned exchange = exists ? RENAME_EXCHANGE : 0;
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), exchange) != 0) {
    const int first = errno;
    if (!replace_in_two_steps()) {
      throw ResourceError(target_.string(), cat("cannot be put in place: ", reason(first)));
    }
  }
  sync_folder(target_.parent_path());
}

// For file systems without the exchange: an old folder goes aside first and comes back on failure.
bool PendingFolder::replace_in_two_steps() {
  const fs::path aside = path_.string() + ".old";
  const bool moved = ::rename(target_.c_str(), aside.c_str()) == 0;
  if (::rename(path_.c_str(), target_.c_str()) != 0) {
    if (moved) static_cast<void>(::rename(aside.c_str(), target_.c_str()));
    return false;
  }
  std::error_code ignored;
  fs::remove_all(aside, ignored);
  return true;
}

void PendingFolder::clear_abandoned(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> abandoned;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const long process = std::strtol(name.c_str() + prefix.size(), nullptr, 10);
    const bool gone = process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
    if (gone) abandoned.push_back(entry.path());
  }
  for (const fs::path& path : abandoned) fs::remove_all(path, ignored);
}

}  // namespace mosaic::nn
