#include "apps/common/run.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "apps/common/cli.h"
#include "apps/common/config.h"
#include "apps/common/output.h"
#include "apps/common/text.h"
#include "apps/common/version.h"
#include "engine/core/file.h"
#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

constexpr int run_version = 1;

std::vector<std::string> unexpected_changes(const json& before, const json& after,
                                            const RunOptions& options) {
  std::vector<std::string> lines;
  for (const std::string& line : differences(before, after)) {
    const std::string name = line.substr(0, line.find(':'));
    if (std::find(options.may_change.begin(), options.may_change.end(), name) == options.may_change.end())
      lines.push_back(line);
  }
  return lines;
}

}  // namespace

DirectoryLock::DirectoryLock(const fs::path& directory) {
  const fs::path path = directory / "lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  check<ResourceError>(descriptor_ >= 0, path.c_str(), "cannot be made: ", std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    char text[32] = {};
    [[maybe_unused]] const ssize_t got = ::read(descriptor_, text, sizeof text - 1);
    ::close(descriptor_);
    descriptor_ = -1;
    check<ResourceError>(error == EWOULDBLOCK, path.c_str(), "cannot be locked: ", std::strerror(error));
    const std::string holder = split(text, '\n').front();
    throw ResourceError(directory.string(), cat("another process", holder.empty() ? "" : " (" + holder + ")",
                                                " works in this directory"));
  }
  const std::string owner = cat(::getpid(), "\n");
  [[maybe_unused]] const int cut = ::ftruncate(descriptor_, 0);
  [[maybe_unused]] const ssize_t wrote = ::pwrite(descriptor_, owner.data(), owner.size(), 0);
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Run Run::open(const fs::path& directory, const json& config, const RunOptions& options) {
  std::error_code error;
  const bool exists = fs::exists(directory, error);
  if (exists && !fs::is_directory(directory, error))
    throw UsageError(directory.string(), "exists and is not a directory");
  const fs::path config_file = directory / "config.json";
  const bool has_run = exists && fs::exists(config_file, error);
  if (exists && !has_run && !fs::is_empty(directory, error)) {
    // A lock alone is what a refused or crashed start leaves behind.
    for (const auto& entry : fs::directory_iterator(directory))
      if (entry.path().filename() != "lock")
        throw UsageError(directory.string(),
                         "is not empty and holds no run of mosaic: choose another directory");
  }
  if (has_run && options.existing == Existing::refuse)
    throw UsageError(directory.string(),
                     "holds a run already: --resume goes on with it, --force begins anew");

  fs::create_directories(directory, error);
  check<ResourceError>(!error, directory.c_str(), "cannot be made: ", error.message());
  Run run;
  run.directory_ = directory;
  run.lock_ = DirectoryLock(directory);

  json saved = {
      {"format", "mosaic-run"}, {"version", run_version}, {"command", options.command}, {"config", config}};
  if (has_run) {
    const json before = load_json(config_file);
    Fields fields(before, config_file.string());
    fields.one_of("format", {"mosaic-run"});
    fields.integer("version", 1, run_version);
    const std::string command = fields.text("command");
    check<UsageError>(command == options.command, directory.c_str(), "holds a run of \"mosaic ", command,
                      "\", not of \"mosaic ", options.command, "\"");
    if (options.existing == Existing::overwrite) {
      for (const auto& entry : fs::directory_iterator(directory))
        if (entry.path().filename() != "lock") fs::remove_all(entry.path());
    } else {
      const std::vector<std::string> changes = unexpected_changes(fields.object("config"), config, options);
      if (!changes.empty() && !options.allow_changes)
        throw UsageError(directory.string(),
                         cat("was begun with another configuration (", join(changes, "; "),
                             "): --override goes on with the new one"));
      for (const std::string& change : changes) warn("resuming with a changed configuration: ", change);
      run.resumed_ = true;
    }
  }
  save_json(config_file, saved);
  fs::create_directories(run.checkpoints());
  fs::create_directories(run.results());
  return run;
}

void Run::manifest(json facts) {
  facts["version"] = version_text();
  facts["isa"] = isa_text();
  facts["compiler"] = compiler_text();
  const Device device = compute_device();
  facts["cuda"] = device == cpu() ? json(false) : json(describe(device));
  facts["threads"] = threads();
  facts["time"] = timestamp();
  const fs::path path = directory_ / "manifest.json";
  if (!resumed_ || !fs::exists(path)) {
    json whole = {{"format", "mosaic-manifest"}, {"format_version", 1}};
    whole.update(facts);
    save_json(path, whole);
    return;
  }
  json whole = load_json(path);
  for (const char* key : {"isa", "version"})
    if (whole.contains(key) && whole[key] != facts[key])
      warn("the run was begun with ", key, " ", whole[key].dump(), " and goes on with ", facts[key].dump(),
           ": results will not be bitwise those of one run");
  if (whole.contains("inputs") && facts.contains("inputs") && whole["inputs"] != facts["inputs"])
    throw FormatError(path.string(), "the input files changed since the run was begun; start a new run");
  facts.erase("inputs");
  if (!whole.contains("resumed")) whole["resumed"] = json::array();
  whole["resumed"].push_back(std::move(facts));
  save_json(path, whole);
}

void Run::log(json event) {
  // A path among the values may hold bytes that are not text.
  const std::string line = event.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  const fs::path path = directory_ / "log.jsonl";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  check<ResourceError>(file >= 0, path.c_str(), "cannot be opened: ", std::strerror(errno));
  const ssize_t done = ::write(file, line.data(), line.size());
  const int error = errno;
  ::close(file);
  check<ResourceError>(done == static_cast<ssize_t>(line.size()), path.c_str(), "only ", done, " of ",
                       line.size(),
                       " bytes could be written: ", done < 0 ? std::strerror(error) : "disk full");
}

void Run::rewind_log(int64_t update) {
  const fs::path path = directory_ / "log.jsonl";
  if (!fs::exists(path)) return;
  std::string kept;
  for (const json& event : read_log(directory_)) {
    const auto at = event.find("update");
    if (at == event.end() || (at->is_number_integer() && at->get<int64_t>() <= update))
      kept += event.dump() + "\n";
  }
  write_file_atomic(path, kept);
}

std::vector<json> read_log(const fs::path& directory) {
  const fs::path path = directory / "log.jsonl";
  std::vector<json> events;
  if (!fs::exists(path)) return events;
  const std::string text = read_file(path);
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // cut short by a crash
    ++number;
    if (end > begin)
      events.push_back(
          parse_json(std::string_view(text).substr(begin, end - begin), cat(path.string(), ":", number)));
    begin = end + 1;
  }
  return events;
}

json file_facts(const fs::path& path) {
  return {{"path", path_text(path)}, {"bytes", fs::file_size(path)}, {"hash", hash_file(path)}};
}

}  // namespace mosaic::apps
