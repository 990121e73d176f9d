// Text files line by line: plain or gzip, strict UTF-8, lines split at '\n' and nowhere else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::data {

struct LineOptions {
  uint64_t max_line_bytes = uint64_t{1} << 20;
  uint64_t max_bytes = uint64_t{1} << 36;  // of the unpacked text: a small .gz cannot fill the memory
  // Leave a byte order mark in the first line, as programs that score text do; else it is dropped.
  bool keep_byte_order_mark = false;
};

// What was met on the way; complete once next() has returned false.
struct LineReport {
  int64_t lines = 0;
  int64_t carriage_returns = 0;  // lines that ended in "\r\n"; the '\r' is stripped
  uint64_t bytes = 0;            // of the unpacked text
  bool byte_order_mark = false;  // the first line began with one
  bool compressed = false;       // gzip, recognised by its first bytes and not by the name
  bool final_newline = true;
};

// Reads one file. "-" is standard input (refused when it is a terminal).
// Errors: ResourceError for what cannot be opened or read (missing, a directory, a FIFO, a device),
// FormatError "file:line" for bytes that are not UTF-8 (with the byte's place in the line), NUL, a line that
// is too long and damaged gzip data.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path, LineOptions options = {});
  ~LineReader();
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;

  // The next line without its end; false at the end of the file.
  bool next(std::string& line);
  // The number, from 1, of the line next() gave last, and "file:line" for messages.
  int64_t number() const;
  std::string place() const;
  const LineReport& report() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// All lines of a file.
std::vector<std::string> read_lines(const std::filesystem::path& path, LineOptions options = {},
                                    LineReport* report = nullptr);

// Writes each line and '\n', atomically. ArgumentError when a line contains a newline.
void write_lines(const std::filesystem::path& path, const std::vector<std::string>& lines);

}  // namespace mosaic::data
