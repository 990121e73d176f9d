#include "nas/evaluator.h"

#include <cmath>

#include "engine/core/error.h"

namespace mosaic::nas {

json score_json(const Score& score) {
  json out = {{"loss", score.loss}};
  if (!score.measures.empty()) {
    out["measures"] = json::object();
    for (const auto& [name, value] : score.measures)
      out["measures"][name] = std::isfinite(value) ? json(value) : json(nullptr);
  }
  return out;
}

Score score_from_json(const json& value, const std::string& where) {
  Fields f(value, where);
  Score score{.loss = f.number("loss"), .measures = {}};
  if (f.has("measures")) {
    for (const auto& [name, v] : f.object("measures").items()) {
      if (!v.is_number() && !v.is_null())
        throw FormatError(where, cat("measures.", name, ": expected a number, found ", v.dump()));
      score.measures[name] = v.is_null() ? std::nan("") : v.get<double>();
    }
  }
  f.finish();
  return score;
}

Evaluator::Evaluator(mos::Space space, Function function, Options options)
    : space_(std::move(space)), function_(std::move(function)), options_(std::move(options)) {
  if (!options_.path.empty()) load();
}

void Evaluator::load() {
  file_ = std::make_unique<AppendFile>(options_.path);
  const json header = {{"format", "mosaic-scores"},
                       {"version", 1},
                       {"space", space_.name()},
                       {"space_hash", space_.hash()},
                       {"identity", options_.identity}};
  if (file_->lines().empty()) return file_->append(header.dump());
  for (size_t i = 0; i < file_->lines().size(); ++i) {
    const std::string where = cat(options_.path.string(), ":", i + 1);
    json line = parse_json(file_->lines()[i], where);
    if (i == 0) {
      if (line == header) continue;
      throw FormatError(where, cat("these scores belong to something else: found ", line.dump(),
                                   ", expected ", header.dump(), "; give another file or remove this one"));
    }
    if (!line.is_object() || !line.contains("arch"))
      throw FormatError(where, "expected an object with \"arch\"");
    const mos::Arch arch = space_.parse(line["arch"], where);
    line.erase("arch");
    scores_[arch.text()] = score_from_json(line, where);
  }
}

Score Evaluator::operator()(const mos::Arch& arch) {
  const std::string key = arch.text();
  if (const auto known = scores_.find(key); known != scores_.end()) {
    ++reused_;
    return known->second;
  }
  if (const auto reason = space_.why_not(arch))
    throw ArgumentError("evaluator",
                        "the architecture is not of space \"" + space_.name() + "\": " + *reason);
  ++computed_;
  Score score = function_(arch);
  check(std::isfinite(score.loss), "evaluator", "the loss of ", key, " is ", score.loss);
  if (file_) {
    json line = {{"arch", arch.to_json()}};
    line.update(score_json(score));
    file_->append(line.dump());
  }
  return scores_.emplace(key, std::move(score)).first->second;
}

}  // namespace mosaic::nas
