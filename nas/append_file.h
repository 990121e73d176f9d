// A file of lines that only grows: a line is on disk when append() returns, and a killed run leaves no half
// line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::nas {

class AppendFile {
 public:
  // Opens or creates the file (and its folders), locks it against other programs, cuts off an unfinished last
  // line. ResourceError when it cannot be had or is in use.
  explicit AppendFile(std::filesystem::path path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // The complete lines found when it was opened, without their ends.
  const std::vector<std::string>& lines() const { return lines_; }
  // Whether an unfinished last line was cut off.
  bool was_torn() const { return torn_; }
  const std::filesystem::path& path() const { return path_; }

  // Writes one line and waits until it is on disk. On ResourceError the file is as before.
  void append(std::string_view line);

 private:
  std::filesystem::path path_;
  std::vector<std::string> lines_;
  int file_ = -1;
  int64_t size_ = 0;
  bool torn_ = false;
};

}  // namespace mosaic::nas
