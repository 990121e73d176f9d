#include "tests/apps/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "doctest/doctest.h"
#include "engine/core/random.h"

namespace mosaic::test {
namespace fs = std::filesystem;

void check_keys(const json& object, const std::vector<std::string>& keys) {
  CHECK(object.size() == keys.size());
  for (const std::string& key : keys) {
    INFO(key);
    CHECK(object.contains(key));
  }
}

json Outcome::last_json() const {
  const size_t end = out.find_last_not_of('\n');
  if (end == std::string::npos) return nullptr;
  const size_t begin = out.rfind('\n', end);
  return parse_json(out.substr(begin == std::string::npos ? 0 : begin + 1,
                               end - (begin == std::string::npos ? -1 : static_cast<long>(begin))),
                    "output");
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "mosaic-apps-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path_ = name;
}
Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Outcome run(const Invocation& invocation) {
  const Folder files;
  write(files / "in", invocation.input);
  std::vector<std::string> texts = {MOSAIC_PROGRAM};
  texts.insert(texts.end(), invocation.arguments.begin(), invocation.arguments.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  const std::string in = (files / "in").string(), out = (files / "out").string(),
                    err = (files / "err").string();
  const pid_t child = fork();
  if (child == 0) {
    dup2(open(in.c_str(), O_RDONLY), 0);
    dup2(open(out.c_str(), O_WRONLY | O_CREAT, 0600), 1);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0600), 2);
    setenv("OMP_WAIT_POLICY", "passive", 1);
    for (const std::string& entry : invocation.environment) putenv(const_cast<char*>(entry.c_str()));
    execv(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  bool watching = static_cast<bool>(invocation.meanwhile);
  while (waitpid(child, &status, watching ? WNOHANG : 0) == 0) {
    if (watching && invocation.meanwhile(child)) watching = false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = read(out),
          .err = read(err)};
}

Outcome program(const std::vector<std::string>& arguments) {
  return run({.arguments = arguments, .input = "", .environment = {}, .meanwhile = {}});
}

void write_toy_corpus(const fs::path& folder, int train, int held_out) {
  const std::vector<std::pair<const char*, const char*>> nouns = {{"dog", "Hund"},   {"cat", "Katze"},
                                                                  {"house", "Haus"}, {"tree", "Baum"},
                                                                  {"car", "Auto"},   {"child", "Kind"}};
  const std::vector<std::pair<const char*, const char*>> verbs = {
      {"sees", "sieht"}, {"finds", "findet"}, {"likes", "mag"}, {"paints", "malt"}};
  const std::vector<std::pair<const char*, const char*>> adjectives = {
      {"big", "große"}, {"small", "kleine"}, {"red", "rote"}, {"old", "alte"}, {"new", "neue"}};
  Generator rng(3);
  const auto pick = [&](const auto& list) { return list[static_cast<size_t>(rng.below(list.size()))]; };
  for (const auto& [name, count] : {std::pair{"train", train}, {"valid", held_out}, {"test", held_out}}) {
    std::string english, german;
    for (int i = 0; i < count; ++i) {
      const auto a = pick(adjectives), b = pick(adjectives), s = pick(nouns), o = pick(nouns),
                 v = pick(verbs);
      english += cat("the ", a.first, " ", s.first, " ", v.first, " the ", b.first, " ", o.first, ".\n");
      german += cat("der ", a.second, " ", s.second, " ", v.second, " der ", b.second, " ", o.second, ".\n");
    }
    write(folder / cat(name, ".en"), english);
    write(folder / cat(name, ".de"), german);
  }
}

const fs::path& toy_data() {
  static const Folder folder;
  static const fs::path data = [] {
    write_toy_corpus(folder / "text");
    const Outcome made = program({"data", "prepare", "--train", (folder / "text/train").string(), "--valid",
                                  (folder / "text/valid").string(), "--test", (folder / "text/test").string(),
                                  "--vocabulary", "90", "--out", (folder / "data").string(), "-q"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    return folder / "data";
  }();
  return data;
}

std::vector<std::string> toy_training(int updates) {
  return {"--set", cat("training.updates=", updates),
          "--set", "batches.max_tokens=256",
          "--set", "batches.valid_pairs=16",
          "--set", "training.validate_every=20",
          "--set", "training.log_every=5",
          "--set", "training.schedule.warmup_updates=20"};
}

}  // namespace mosaic::test
