#include "nas/append_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic::nas {

AppendFile::AppendFile(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code ignored;
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path(), ignored);
  const auto refuse = [&](const std::string& why) {
    if (file_ >= 0) ::close(file_);
    throw ResourceError(path_.string(), why);
  };
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
  if (file_ < 0) refuse(cat("cannot be opened for appending: ", std::strerror(errno)));
  struct stat info {};
  if (::fstat(file_, &info) != 0 || !S_ISREG(info.st_mode)) refuse("is not a regular file");
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) refuse("is in use by another program");
  std::string text;
  try {
    text = read_file(path_);
  } catch (...) {
    ::close(file_);
    throw;
  }
  const size_t complete = text.rfind('\n') + 1;  // npos + 1 is 0
  torn_ = complete < text.size();
  if (torn_ && ::ftruncate(file_, static_cast<off_t>(complete)) != 0)
    refuse(cat("cannot cut its unfinished last line: ", std::strerror(errno)));
  size_ = static_cast<int64_t>(complete);
  for (size_t at = 0; at < complete;) {
    const size_t end = text.find('\n', at);
    lines_.push_back(text.substr(at, end - at));
    at = end + 1;
  }
}

AppendFile::~AppendFile() {
  if (file_ >= 0) ::close(file_);
}

void AppendFile::append(std::string_view line) {
  std::string text(line);
  text += '\n';
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(file_, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  if (done < text.size() || ::fsync(file_) != 0) {
    const std::string why = std::strerror(errno);
    const bool restored = ::ftruncate(file_, static_cast<off_t>(size_)) == 0;
    throw ResourceError(path_.string(), cat("cannot append ", text.size(), " bytes: ", why,
                                            restored ? "" : "; the last line is unfinished"));
  }
  size_ += static_cast<int64_t>(text.size());
}

}  // namespace mosaic::nas
