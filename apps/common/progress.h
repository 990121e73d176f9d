// A progress bar on a terminal; nothing anywhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mosaic::apps {

// Draws "train  ########------  412/1000  loss 3.21  1m20s left" on standard error, at most ten times a
// second, and removes it at the end of its life. Only one bar is drawn at a time: the newest.
class Progress {
 public:
  // total 0: unknown, only the count is shown.
  Progress(std::string what, int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(int64_t done, const std::string& note = "");
  // Seconds since the bar was made.
  double seconds() const;

  // Removes a drawn bar so that a line of talk can be written; the next update draws it again.
  static void clear_active();

 private:
  std::string what_;
  int64_t total_, first_ = -1;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace mosaic::apps
