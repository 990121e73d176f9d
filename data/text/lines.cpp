#include "data/text/lines.h"

#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <ostream>

#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic::data {

struct LineReader::State {
  std::string name;
  LineOptions options;
  LineReport report;
  gzFile file = nullptr;
  std::vector<char> buffer = std::vector<char>(1 << 16);
  size_t at = 0, filled = 0;
  bool ended = false;

  ~State() {
    if (file) gzclose(file);
  }

  std::string place() const { return cat(name, ":", report.lines); }

  // Refills the buffer; false at the end. gzread passes text that is not gzip through unchanged.
  bool refill() {
    if (ended) return false;
    const int got = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()));
    int code = Z_OK;
    const char* message = gzerror(file, &code);
    // A truncated gzip stream ends with Z_BUF_ERROR and a short read.
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      if (code == Z_ERRNO) throw ResourceError(name, cat("cannot be read: ", std::strerror(errno)));
      throw FormatError(name, cat("damaged or truncated gzip data after line ", report.lines, ": ", message));
    }
    at = 0;
    filled = static_cast<size_t>(got);
    ended = got == 0;
    report.bytes += filled;
    if (report.bytes > options.max_bytes) {
      throw FormatError(name, cat("holds more than the ", options.max_bytes, " bytes of text allowed"));
    }
    return !ended;
  }
};

LineReader::LineReader(const std::filesystem::path& path, LineOptions options)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  const bool standard = path == "-";
  s.name = standard ? "<stdin>" : path.string();
  s.options = options;
  if (standard && ::isatty(STDIN_FILENO))
    throw ResourceError(s.name, "is a terminal, expected a file or a pipe");
  const int fd = standard ? ::dup(STDIN_FILENO) : open_regular_file(path);
  s.file = fd < 0 ? nullptr : gzdopen(fd, "rb");
  if (!s.file) {
    if (fd >= 0) ::close(fd);
    throw ResourceError(s.name, "cannot be opened");
  }
  gzbuffer(s.file, 1 << 17);
  s.report.compressed = gzdirect(s.file) == 0;
}

LineReader::~LineReader() = default;
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;

bool LineReader::next(std::string& line) {
  State& s = *state_;
  line.clear();
  bool any = false, newline = false;
  while (!newline && (s.at < s.filled || s.refill())) {
    if (!any) ++s.report.lines;
    any = true;
    const char* start = s.buffer.data() + s.at;
    const auto* end = static_cast<const char*>(std::memchr(start, '\n', s.filled - s.at));
    newline = end != nullptr;
    const size_t n = newline ? static_cast<size_t>(end - start) : s.filled - s.at;
    line.append(start, n);
    s.at += n + newline;
    if (line.size() > s.options.max_line_bytes) {
      throw FormatError(s.place(),
                        cat("the line is longer than the ", s.options.max_line_bytes, " bytes allowed"));
    }
  }
  if (!any) return false;
  s.report.final_newline = newline;
  if (s.report.lines == 1 && line.starts_with("\xEF\xBB\xBF")) {
    if (!s.options.keep_byte_order_mark) line.erase(0, 3);
    s.report.byte_order_mark = true;
  }
  if (newline && line.ends_with('\r')) {
    line.pop_back();
    ++s.report.carriage_returns;
  }
  const bool dropped = s.report.lines == 1 && s.report.byte_order_mark && !s.options.keep_byte_order_mark;
  const size_t skipped = dropped ? 3 : 0;
  if (const size_t zero = line.find('\0'); zero != line.npos) {
    throw FormatError(s.place(), cat("NUL at byte ", zero + skipped + 1, "; this is not a text file"));
  }
  if (const size_t bad = find_bad_utf8(line); bad != std::string_view::npos) {
    constexpr const char* digits = "0123456789ABCDEF";
    const auto value = static_cast<unsigned char>(line[bad]);
    throw FormatError(s.place(), cat("byte ", bad + skipped + 1, " (0x", digits[value >> 4],
                                     digits[value & 15], ") is not valid UTF-8"));
  }
  return true;
}

int64_t LineReader::number() const {
  return state_->report.lines;
}
std::string LineReader::place() const {
  return state_->place();
}
const LineReport& LineReader::report() const {
  return state_->report;
}

std::vector<std::string> read_lines(const std::filesystem::path& path, LineOptions options,
                                    LineReport* report) {
  LineReader reader(path, options);
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  if (report) *report = reader.report();
  return lines;
}

void write_lines(const std::filesystem::path& path, const std::vector<std::string>& lines) {
  for (size_t i = 0; i < lines.size(); ++i) {
    check(lines[i].find('\n') == std::string::npos, "write_lines", "line ", i + 1, " for ", path.string(),
          " contains a newline");
  }
  write_file_atomic(path, [&](std::ostream& out) {
    for (const std::string& line : lines) out << line << '\n';
  });
}

}  // namespace mosaic::data
