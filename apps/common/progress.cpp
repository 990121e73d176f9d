#include "apps/common/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "apps/common/output.h"
#include "apps/common/text.h"

namespace mosaic::apps {
namespace {

Progress* active = nullptr;

size_t columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

void raw(const std::string& bytes) {
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, bytes.data(), bytes.size());
}

}  // namespace

Progress::Progress(std::string what, int64_t total)
    : what_(std::move(what)), total_(total), start_(std::chrono::steady_clock::now()), last_(start_) {
  clear_active();
  active = this;
}

Progress::~Progress() {
  if (active != this) return;
  clear_active();
  active = nullptr;
}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::clear_active() {
  if (active == nullptr || !active->drawn_) return;
  raw("\r\033[K");
  active->drawn_ = false;
}

void Progress::update(int64_t done, const std::string& note) {
  if (first_ < 0) first_ = done;  // a resumed run does not begin at zero
  if (active != this || level() == Level::quiet || !live_terminal()) return;
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_ < std::chrono::milliseconds(100) && done != total_) return;
  last_ = now;
  std::string line = what_ + "  ";
  if (total_ > 0) {
    const int64_t width = 20, filled = std::min(width, width * done / total_);
    line +=
        std::string(static_cast<size_t>(filled), '#') + std::string(static_cast<size_t>(width - filled), '-');
    line += cat("  ", done, "/", total_);
  } else {
    line += std::to_string(done);
  }
  if (!note.empty()) line += "  " + note;
  if (total_ > done && done > first_)
    line +=
        "  " +
        duration_text(seconds() * static_cast<double>(total_ - done) / static_cast<double>(done - first_)) +
        " left";
  if (line.size() >= columns()) line.resize(columns() - 1);
  raw("\r\033[K" + line);
  drawn_ = true;
}

}  // namespace mosaic::apps
