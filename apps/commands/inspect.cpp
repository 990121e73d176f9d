// mosaic inspect: what a tensor file, checkpoint, model or run holds, read strictly.
#include <cmath>

#include "apps/commands/commands.h"
#include "apps/common/models.h"
#include "apps/common/run.h"
#include "engine/io/safetensors.h"
#include "nn/train/checkpoint.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

struct InspectCommand {
  std::string path;
  bool statistics = false, verify = false;
};

struct Numbers {
  double mean = 0, deviation = 0, low = 0, high = 0;
  int64_t bad = 0;  // not finite
};

Numbers numbers_of(const Tensor& tensor) {
  Numbers out;
  double sum = 0, squares = 0;
  int64_t count = 0;
  for (const double value : tensor.values()) {
    if (!std::isfinite(value)) {
      ++out.bad;
      continue;
    }
    out.low = count == 0 ? value : std::min(out.low, value);
    out.high = count == 0 ? value : std::max(out.high, value);
    sum += value;
    squares += value * value;
    ++count;
  }
  if (count == 0) return out;
  const auto n = static_cast<double>(count);
  out.mean = sum / n;
  out.deviation = std::sqrt(std::max(0.0, squares / n - out.mean * out.mean));
  return out;
}

bool readable(const std::string& dtype) {
  return dtype == "F32" || dtype == "F64" || dtype == "BF16" || dtype == "F16" || dtype == "I32" ||
         dtype == "U8" || dtype == "BOOL";
}

// One file; `bad` counts values that are not finite (when they are looked at).
json inspect_file(const fs::path& path, const InspectCommand& command, int64_t& bad) {
  refuse_foreign_weights(path);
  const SafetensorsFile file(path);
  json out = {{"file", path_text(path)}, {"metadata", json::object()}, {"tensors", json::array()}};
  for (const auto& [key, value] : file.metadata()) out["metadata"][key] = value;
  int64_t elements = 0;
  uint64_t bytes = 0;
  for (const SafetensorsEntry& entry : file.entries()) {
    json item = {{"name", entry.name},
                 {"dtype", entry.dtype},
                 {"shape", json::array()},
                 {"bytes", entry.end - entry.begin}};
    for (int axis = 0; axis < entry.shape.rank(); ++axis) item["shape"].push_back(entry.shape[axis]);
    elements += entry.shape.numel();
    bytes += entry.end - entry.begin;
    if ((command.statistics || command.verify) && readable(entry.dtype)) {
      const Numbers numbers = numbers_of(file.tensor(entry.name));
      bad += numbers.bad;
      if (numbers.bad > 0)
        warn(path.string(), ": ", entry.name, " has ", numbers.bad, " numbers that are not finite");
      if (command.statistics)
        item.update({{"mean", numbers.mean},
                     {"deviation", numbers.deviation},
                     {"low", numbers.low},
                     {"high", numbers.high},
                     {"not_finite", numbers.bad}});
    }
    out["tensors"].push_back(std::move(item));
  }
  out["count"] = file.entries().size();
  out["elements"] = elements;
  out["bytes"] = bytes;
  return out;
}

json inspect_checkpoint(const fs::path& folder, const InspectCommand& command, int64_t& bad) {
  const nn::Checkpoint checkpoint = nn::load_checkpoint(folder);
  json out = {{"checkpoint", path_text(folder)},
              {"step", checkpoint.step},
              {"optimizer", checkpoint.optimizer.has_value()},
              {"state", checkpoint.state}};
  out["files"] = json::array();
  for (const char* name : {"model.safetensors", "optimizer.safetensors"})
    if (fs::exists(folder / name)) out["files"].push_back(inspect_file(folder / name, command, bad));
  return out;
}

json inspect_run(const fs::path& run) {
  json out = {
      {"run", path_text(run)}, {"config", load_json(run / "config.json")}, {"checkpoints", json::array()}};
  if (fs::exists(run / "manifest.json")) out["manifest"] = load_json(run / "manifest.json");
  std::vector<fs::path> folders = numbered_checkpoints(run);
  const fs::path best = nn::CheckpointStore(run / "checkpoints").path_of("best");
  if (fs::exists(best)) folders.push_back(best);
  for (const fs::path& folder : folders) {
    json item = {{"path", path_text(folder)}, {"whole", true}};
    try {
      nn::verify_checkpoint(folder);
    } catch (const Error& error) {
      item["whole"] = false;
      item["problem"] = error.what();
    }
    out["checkpoints"].push_back(item);
  }
  return out;
}

json inspect_any(const fs::path& path, const InspectCommand& command, int64_t& bad) {
  if (!fs::is_directory(path)) return inspect_file(path, command, bad);
  if (fs::exists(path / "state.json") && fs::exists(path / "manifest.json"))
    return inspect_checkpoint(path, command, bad);
  if (fs::exists(path / "subwords.model") && fs::exists(path / "model.safetensors")) {
    open_model(path);  // strict: hashes, names and shapes
    json out = {{"model", path_text(path)}, {"config", load_json(path / "config.json")}};
    out["files"] = json::array({inspect_file(path / "model.safetensors", command, bad)});
    return out;
  }
  if (fs::exists(path / "config.json") && fs::exists(path / "checkpoints")) return inspect_run(path);
  throw FormatError(path.string(), "is neither a checkpoint nor a model nor a run directory");
}

void print_file(const json& file) {
  for (const json& tensor : file["tensors"]) {
    put(cat(tensor["name"].get<std::string>(), "\t", tensor["dtype"].get<std::string>(), "\t",
            tensor["shape"].dump(), "\t", tensor["bytes"].dump()));
    if (tensor.contains("mean"))
      put(cat("\tmean ", brief(tensor["mean"].get<double>()), " deviation ",
              brief(tensor["deviation"].get<double>()), " from ", brief(tensor["low"].get<double>()), " to ",
              brief(tensor["high"].get<double>())));
    put("\n");
  }
  say(file["file"].get<std::string>(), ": ", file["count"].dump(), " tensors, ",
      with_thousands(file["elements"].get<int64_t>()), " elements, ",
      bytes_text(file["bytes"].get<uint64_t>()));
}

void inspect(const InspectCommand& command, Program& program) {
  int64_t bad = 0;
  const json out = inspect_any(command.path, command, bad);
  if (program.json) {
    put_json(out);
  } else if (out.contains("file")) {
    print_file(out);
  } else {
    json rest = out;
    rest.erase("files");
    put(rest.dump(2) + "\n");
    if (out.contains("files"))
      for (const json& file : out["files"]) print_file(file);
  }
  bool whole = true;
  if (out.contains("checkpoints"))
    for (const json& item : out["checkpoints"]) whole = whole && item["whole"].get<bool>();
  if (command.verify && (bad > 0 || !whole)) program.exit_code = 1;
}

}  // namespace

void declare_inspect(CLI::App& app, Program& program) {
  auto command = std::make_shared<InspectCommand>();
  required(
      word(app, "path", command->path, "A safetensors file, checkpoint, model directory or run directory"));
  flag(app, "--statistics", command->statistics, "Mean, deviation, least and largest value of every tensor");
  flag(app, "--verify", command->verify, "Exit code 1 when a number is not finite or a checkpoint damaged");
  json_flag(app, program);
  examples(app, {"mosaic inspect models/fast/model.safetensors", "mosaic inspect --verify runs/neuron"});
  on_chosen(app, program, [command, &program] { inspect(*command, program); });
}

}  // namespace mosaic::apps
