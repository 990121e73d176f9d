#include "apps/common/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "apps/common/progress.h"

namespace mosaic::apps {
namespace {

Level current_level = Level::normal;
bool plain = false;

// Everything, or the reason why not (errno).
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<size_t>(done));
  }
  return 0;
}

void talk(std::string_view line) {
  Progress::clear_active();
  write_all(STDERR_FILENO, cat(line, '\n'));
}

std::string paint(const char* code, std::string_view text) {
  return colors() ? cat("\033[", code, "m", text, "\033[0m") : std::string(text);
}

}  // namespace

void set_level(Level level) {
  current_level = level;
}
Level level() {
  return current_level;
}
void set_plain() {
  plain = true;
}

bool live_terminal() {
  const char* term = std::getenv("TERM");
  return !plain && isatty(STDERR_FILENO) != 0 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

bool colors() {
  const char* no_color = std::getenv("NO_COLOR");
  return live_terminal() && (no_color == nullptr || *no_color == '\0');
}

bool output_colors() {
  return isatty(STDOUT_FILENO) != 0 && colors();
}

void put(std::string_view bytes) {
  Progress::clear_active();
  const int error = write_all(STDOUT_FILENO, bytes);
  if (error == EPIPE) throw BrokenPipe("stdout", "closed");
  check<ResourceError>(error == 0, "stdout", "cannot write to standard output: ", std::strerror(error));
}

void put_json(const json& value) {
  put(value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void put_result(const json& result, bool as_json) {
  if (as_json) return put_json(result);
  for (const auto& item : result.items()) put(cat(item.key(), "\t", item.value().dump(), "\n"));
}

void say_line(Level at_least, std::string_view line) {
  if (current_level >= at_least) talk(line);
}
void warn_line(std::string_view line) {
  talk(paint("33", "warning: ") + std::string(line));
}
void error_line(std::string_view line) {
  talk("mosaic: " + paint("31", "error: ") + std::string(line));
}

}  // namespace mosaic::apps
