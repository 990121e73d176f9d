#include "nn/train/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/core/file.h"
#include "engine/io/safetensors.h"
#include "nn/train/pending_folder.h"

namespace mosaic::nn {
namespace {

namespace fs = std::filesystem;

constexpr const char* format_name = "mosaic checkpoint";
constexpr int64_t format_version = 1;
constexpr uint64_t max_state_bytes = 256u << 20;
const std::string model_file = "model.safetensors", optimizer_file = "optimizer.safetensors",
                  state_file = "state.json", manifest_file = "manifest.json";

json read_manifest(const fs::path& folder) {
  const fs::path path = folder / manifest_file;
  const json manifest = load_json(path, 1 << 20);
  Fields fields(manifest, path.string());
  const std::string format = fields.text("format");
  check<FormatError>(format == format_name, path.c_str(), "is of format \"", format, "\", expected \"",
                     format_name, "\"");
  const int64_t version = fields.integer("version", 1);
  check<FormatError>(version <= format_version, path.c_str(), "has format version ", version,
                     "; this program reads up to ", format_version, ": use a newer one");
  fields.integer("step", 0);
  fields.object("files");
  fields.finish();
  return manifest;
}

// Sizes and hashes of all files the manifest names; only the known names are accepted, so a manifest cannot
// point outside its folder.
json checked_manifest(const fs::path& folder) {
  json manifest = read_manifest(folder);
  const std::string where = (folder / manifest_file).string();
  const json& files = manifest["files"];
  for (const std::string& needed : {model_file, state_file}) {
    check<FormatError>(files.contains(needed), where.c_str(), "does not list ", needed);
  }
  for (const auto& [name, value] : files.items()) {
    check<FormatError>(name == model_file || name == optimizer_file || name == state_file, where.c_str(),
                       "lists an unknown file \"", name.substr(0, 200), "\"");
    Fields file(value, cat(where, ": ", name));
    const int64_t bytes = file.integer("bytes", 0);
    const std::string hash = file.text("xxh3");
    file.finish();
    const fs::path path = folder / name;
    std::error_code failed;
    const auto actual = fs::file_size(path, failed);
    if (failed)
      throw ResourceError(path.string(),
                          cat("is listed in the manifest but cannot be read: ", failed.message()));
    check<FormatError>(actual == static_cast<uint64_t>(bytes), path.c_str(), "has ", actual,
                       " bytes, the manifest says ", bytes);
    check<FormatError>(hash_file(path) == hash, path.c_str(),
                       "does not match its hash in the manifest: it was damaged");
  }
  return manifest;
}

json file_record(const fs::path& path) {
  json record;
  record["bytes"] = static_cast<int64_t>(fs::file_size(path));
  record["xxh3"] = hash_file(path);
  return record;
}

std::string step_name(int64_t step) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "step-%010lld", static_cast<long long>(step));
  return digits;
}

// The step of a folder's name, -1 for other names.
int64_t step_of(const std::string& name) {
  if (!name.starts_with("step-") || name.size() != 15) return -1;
  const std::string digits = name.substr(5);
  const bool all = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return all ? std::stoll(digits) : -1;
}

}  // namespace

void save_checkpoint(const fs::path& folder, const Checkpoint& checkpoint) {
  check<ArgumentError>(checkpoint.step >= 0, "save_checkpoint", "step must not be negative, got ",
                       checkpoint.step);
  const fs::path target = fs::absolute(folder).lexically_normal();
  PendingFolder pending(target);
  const std::map<std::string, std::string> metadata{{"format", format_name},
                                                    {"step", std::to_string(checkpoint.step)}};
  json manifest, state;
  save_safetensors(pending.path() / model_file, checkpoint.model, metadata);
  state["step"] = checkpoint.step;
  state["optimizer"] = checkpoint.optimizer ? checkpoint.optimizer->numbers : json(nullptr);
  state["state"] = checkpoint.state;
  save_json(pending.path() / state_file, state);
  if (checkpoint.optimizer) {
    save_safetensors(pending.path() / optimizer_file, checkpoint.optimizer->tensors, metadata);
  }
  manifest["format"] = format_name;
  manifest["version"] = format_version;
  manifest["step"] = checkpoint.step;
  for (const std::string& name : {model_file, optimizer_file, state_file}) {
    if (name != optimizer_file || checkpoint.optimizer)
      manifest["files"][name] = file_record(pending.path() / name);
  }
  save_json(pending.path() / manifest_file, manifest);
  verify_checkpoint(pending.path());
  pending.publish();
}

void verify_checkpoint(const fs::path& folder) {
  checked_manifest(folder);
}

Checkpoint load_checkpoint(const fs::path& folder) {
  const json manifest = checked_manifest(folder);
  const fs::path path = folder / state_file;
  const json stored = load_json(path, max_state_bytes);
  Fields fields(stored, path.string());
  Checkpoint checkpoint;
  checkpoint.step = fields.integer("step", 0);
  check<FormatError>(checkpoint.step == manifest["step"].get<int64_t>(), path.c_str(), "is of step ",
                     checkpoint.step, ", the manifest is of step ", manifest["step"].get<int64_t>());
  checkpoint.state = fields.any("state");
  const json& numbers = fields.any("optimizer");
  fields.finish();
  checkpoint.model = SafetensorsFile(folder / model_file).tensors();
  check<FormatError>(numbers.is_null() != manifest["files"].contains(optimizer_file), path.c_str(),
                     "and the manifest disagree on whether an optimizer was saved");
  if (!numbers.is_null()) {
    checkpoint.optimizer = OptimizerState{SafetensorsFile(folder / optimizer_file).tensors(), numbers};
  }
  return checkpoint;
}

CheckpointStore::CheckpointStore(fs::path folder, int64_t keep_last)
    : folder_(std::move(folder)), keep_last_(keep_last) {
  check<ArgumentError>(keep_last >= 1, "CheckpointStore", "keep_last must be at least 1, got ", keep_last);
}

fs::path CheckpointStore::path_of(int64_t step) const {
  return folder_ / step_name(step);
}

fs::path CheckpointStore::path_of(const std::string& name) const {
  const bool plain = !name.empty() && name.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-_") == name.npos;
  check<ArgumentError>(plain, "CheckpointStore", "\"", name,
                       "\" is not a name of letters, digits, '-' and '_'");
  return folder_ / name;
}

std::vector<int64_t> CheckpointStore::steps() const {
  std::vector<int64_t> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder_, missing)) {
    const int64_t step = step_of(entry.path().filename().string());
    if (step >= 0) found.push_back(step);
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path CheckpointStore::save(const Checkpoint& checkpoint) const {
  PendingFolder::clear_abandoned(folder_);
  const fs::path path = path_of(checkpoint.step);
  save_checkpoint(path, checkpoint);
  std::vector<int64_t> older = steps();
  std::erase_if(older, [&](int64_t step) { return step >= checkpoint.step; });
  const auto excess = static_cast<int64_t>(older.size()) - (keep_last_ - 1);
  for (int64_t i = 0; i < excess; ++i) {
    std::error_code ignored;  // what stays behind costs room only
    fs::remove_all(path_of(older[static_cast<size_t>(i)]), ignored);
  }
  return path;
}

fs::path CheckpointStore::save_as(const std::string& name, const Checkpoint& checkpoint) const {
  const fs::path path = path_of(name);
  check<ArgumentError>(step_of(name) < 0, "CheckpointStore", "\"", name, "\" is the name of a step");
  save_checkpoint(path, checkpoint);
  return path;
}

std::optional<Checkpoint> CheckpointStore::latest(std::vector<std::string>* skipped) const {
  const std::vector<int64_t> found = steps();
  for (auto step = found.rbegin(); step != found.rend(); ++step) {
    try {
      return load_checkpoint(path_of(*step));
    } catch (const Error& error) {
      if (skipped) skipped->push_back(error.what());
    }
  }
  return std::nullopt;
}

json generator_state(const Generator& generator) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(generator.key()));
  json value;
  value["key"] = digits;
  value["position"] = generator.position();
  return value;
}

Generator generator_from(const json& value, const std::string& where) {
  Fields fields(value, where);
  const std::string key = fields.text("key");
  const auto position = static_cast<uint64_t>(fields.integer("position", 0));
  fields.finish();
  check<FormatError>(key.size() == 16 && key.find_first_not_of("0123456789abcdef") == key.npos, where.c_str(),
                     "key must be 16 hexadecimal digits, got \"", key.substr(0, 40), "\"");
  return Generator(std::stoull(key, nullptr, 16), position);
}

std::map<std::string, int64_t> non_finite(const StateDict& dict) {
  std::map<std::string, int64_t> found;
  for (const auto& [name, tensor] : dict) {
    if (!is_float(tensor.dtype())) continue;
    const std::vector<double> values = tensor.values();
    const auto count =
        std::count_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
    if (count > 0) found[name] = count;
  }
  return found;
}

}  // namespace mosaic::nn
