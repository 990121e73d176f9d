#include "nas/sampler.h"

#include <algorithm>

#include "engine/core/error.h"

namespace mosaic::nas {

const char* policy_name(Policy policy) {
  switch (policy) {
    case Policy::single:
      return "single";
    case Policy::sandwich:
      return "sandwich";
    case Policy::pinned:
      return "pinned";
  }
  return "";
}

Policy policy_named(const std::string& name) {
  for (const Policy p : {Policy::single, Policy::sandwich, Policy::pinned})
    if (name == policy_name(p)) return p;
  throw ArgumentError("sampler", cat("\"", name, "\" is not one of single, sandwich, pinned"));
}

Sampler::Sampler(mos::Space space, Options options) : space_(std::move(space)), options_(std::move(options)) {
  check(options_.random >= 1, "sampler", options_.random,
        " random architectures an update, at least 1 is needed");
  if (options_.policy != Policy::pinned) return;
  if (const auto reason = space_.why_not(options_.pinned))
    throw ArgumentError("sampler",
                        "the pinned architecture is not of space \"" + space_.name() + "\": " + *reason);
}

std::vector<mos::Arch> Sampler::draw(int64_t update) const {
  if (options_.policy == Policy::pinned) return {options_.pinned};
  Generator generator = Generator(options_.seed).fork("arch").fork(static_cast<uint64_t>(update));
  std::vector<mos::Arch> out;
  for (int64_t i = 0; i < options_.random; ++i) out.push_back(space_.sample(generator));
  if (options_.policy == Policy::sandwich) {
    out.push_back(space_.largest(options_.extremes));
    out.push_back(space_.smallest(options_.extremes));
  }
  return out;
}

std::vector<mos::Arch> Sampler::fixed_set(int64_t count, const std::string& stream) const {
  check(count >= 0, "sampler", count, " architectures asked for");
  Generator generator = Generator(options_.seed).fork(stream);
  std::vector<mos::Arch> out;
  const int64_t tries = 100 * count;  // afterwards repeats are taken, as in a space smaller than `count`
  for (int64_t t = 0; static_cast<int64_t>(out.size()) < count; ++t) {
    mos::Arch arch = space_.sample(generator);
    if (t >= tries || std::find(out.begin(), out.end(), arch) == out.end()) out.push_back(std::move(arch));
  }
  return out;
}

}  // namespace mosaic::nas
