#include "apps/common/stages.h"

#include <chrono>

#include "apps/common/interrupt.h"
#include "apps/common/output.h"
#include "apps/common/text.h"
#include "engine/core/file.h"

namespace mosaic::apps {

Stages::Stages(const std::filesystem::path& directory, int64_t count)
    : path_(directory / "stages.json"), count_(count) {
  if (!std::filesystem::exists(path_)) return;
  memory_ = load_json(path_);
  check<FormatError>(memory_.is_object(), path_.c_str(), "must be an object, got ", memory_.type_name());
}

json Stages::run(const std::string& name, const json& inputs, const std::function<json(bool)>& work) {
  stop_if_interrupted("the stages done so far are kept; the same command goes on");
  chain_ = hash_bytes(chain_ + name + inputs.dump());
  json& entry = memory_[name];
  const std::string title = cat("[", ++at_, "/", count_, "] ", name);
  const bool same = entry.is_object() && entry.value("key", "") == chain_;
  if (same && entry.contains("result")) {
    say(title, ": done before");
    seconds_ += entry.value("seconds", 0.0);
    ++reused_;
    return entry["result"];
  }
  say(title);
  const double earlier = same ? entry.value("seconds", 0.0) : 0;
  entry = {{"key", chain_}, {"seconds", earlier}};
  save();
  const auto begin = std::chrono::steady_clock::now();
  const auto spent = [&] {
    return earlier + std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  json result;
  try {
    result = work(same);
  } catch (...) {
    memory_[name]["seconds"] = spent();
    save();
    throw;
  }
  memory_[name]["seconds"] = spent();
  memory_[name]["result"] = result;
  save();
  seconds_ += memory_[name]["seconds"].get<double>();
  return result;
}

}  // namespace mosaic::apps
