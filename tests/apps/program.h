// Runs the mosaic program as its users do, and makes small corpora to run it on.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/json.h"

namespace mosaic::test {

struct Outcome {
  int code = -1;  // exit code; 128 + signal when killed by one
  std::string out, err;
  // The last line of standard output as JSON.
  json last_json() const;
};

// The object has these keys and no others.
void check_keys(const json& object, const std::vector<std::string>& keys);

struct Invocation {
  std::vector<std::string> arguments;
  std::string input;                     // standard input, from a file
  std::vector<std::string> environment;  // "NAME=value", added
  // Called while the program runs, every few milliseconds, with its process id; returning true ends the
  // calls.
  std::function<bool(pid_t)> meanwhile;
};
Outcome run(const Invocation& invocation);
// The same with arguments only.
Outcome program(const std::vector<std::string>& arguments);

// A directory that is removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write(const std::filesystem::path& path, const std::string& text);
std::string read(const std::filesystem::path& path);

// train, valid and test of "<name>.en" and "<name>.de": sentences of a toy language and their word-by-word
// translation.
void write_toy_corpus(const std::filesystem::path& folder, int train = 600, int held_out = 40);
// The toy corpus prepared as a data directory, made once a process.
const std::filesystem::path& toy_data();
// Settings that make training take a second.
std::vector<std::string> toy_training(int updates);

}  // namespace mosaic::test
