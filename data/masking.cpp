#include "data/masking.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace mosaic::data {

json describe(const MaskingOptions& options) {
  return {{"share", options.share},
          {"masked", options.masked},
          {"replaced", options.replaced},
          {"count", options.count == MaskCount::exact ? "exact" : "independent"},
          {"whole_words", options.whole_words},
          {"seed", options.seed},
          {"valid_seed", options.valid_seed}};
}

Masking::Masking(const WordPiece& wordpiece, const MaskingOptions& options)
    : options_(options),
      train_(Generator(options.seed).fork("masks")),
      valid_(Generator(options.valid_seed).fork("validation masks")),
      mask_(wordpiece.mask()),
      pad_(wordpiece.pad()) {
  const auto in_range = [](double x) { return x >= 0 && x <= 1; };
  check(in_range(options.share) && options.share > 0, "masking", "the share of tokens to guess must lie in ",
        "0..1 (0 excluded), got ", options.share);
  check(
      in_range(options.masked) && in_range(options.replaced) && options.masked + options.replaced <= 1 + 1e-9,
      "masking", "the shares masked and replaced must lie in 0..1 and be at most 1 together, got ",
      options.masked, " and ", options.replaced);
  for (int32_t id = 0; id < wordpiece.size(); ++id) {
    special_.push_back(wordpiece.is_special(id));
    continues_.push_back(wordpiece.is_continuation(id));
    if (!special_.back()) ordinary_.push_back(id);
  }
  check(!ordinary_.empty(), "masking", "the vocabulary has special tokens only");
}

MaskedSequence Masking::train(std::span<const int32_t> ids, int64_t epoch, int64_t sequence) const {
  check(epoch >= 0 && sequence >= 0, "masking", "epoch and sequence must be at least 0, got ", epoch, " and ",
        sequence);
  return draw(ids, train_.fork(static_cast<uint64_t>(epoch)).fork(static_cast<uint64_t>(sequence)));
}

MaskedSequence Masking::valid(std::span<const int32_t> ids, int64_t sequence) const {
  check(sequence >= 0, "masking", "the sequence must be at least 0, got ", sequence);
  return draw(ids, valid_.fork(static_cast<uint64_t>(sequence)));
}

std::vector<Masking::Unit> Masking::units(std::span<const int32_t> ids) const {
  std::vector<Unit> units;
  for (size_t i = 0; i < ids.size(); ++i) {
    check(ids[i] >= 0 && static_cast<size_t>(ids[i]) < special_.size(), "masking", "id ", ids[i], " at ", i,
          " is outside the vocabulary of ", special_.size());
    const auto id = static_cast<size_t>(ids[i]);
    if (special_[id]) continue;
    const bool goes_on = options_.whole_words && continues_[id] && !units.empty() &&
                         units.back().begin + units.back().size == static_cast<int32_t>(i);
    if (goes_on) {
      ++units.back().size;
    } else {
      units.push_back({static_cast<int32_t>(i), 1});
    }
  }
  return units;
}

// The positions to guess, ascending.
std::vector<int32_t> Masking::choose(std::vector<Unit> units, Generator& random) const {
  std::vector<int32_t> positions;
  const auto take = [&](const Unit& unit) {
    for (int32_t i = 0; i < unit.size; ++i) positions.push_back(unit.begin + i);
  };
  if (units.empty()) return positions;
  if (options_.count == MaskCount::independent) {
    for (const Unit& unit : units) {
      if (random.uniform() < options_.share) take(unit);
    }
    if (positions.empty()) take(units[random.below(units.size())]);
    return positions;
  }
  int64_t tokens = 0;
  for (const Unit& unit : units) tokens += unit.size;
  const auto wanted =
      static_cast<size_t>(std::max<int64_t>(1, std::llround(options_.share * static_cast<double>(tokens))));
  // Units in random order as far as they are needed (Fisher-Yates from the front); a word that would make
  // them too many is passed over, the last one left is taken when all are too long.
  for (size_t i = 0; i < units.size() && positions.size() < wanted; ++i) {
    std::swap(units[i], units[i + random.below(units.size() - i)]);
    const bool fits = positions.size() + static_cast<size_t>(units[i].size) <= wanted;
    if (fits || (positions.empty() && i + 1 == units.size())) take(units[i]);
  }
  std::sort(positions.begin(), positions.end());
  return positions;
}

MaskedSequence Masking::draw(std::span<const int32_t> ids, Generator random) const {
  MaskedSequence out;
  out.ids.assign(ids.begin(), ids.end());
  out.positions = choose(units(ids), random);
  for (const int32_t position : out.positions) {
    int32_t& id = out.ids[static_cast<size_t>(position)];
    out.targets.push_back(id);
    const double u = random.uniform();
    if (u < options_.masked) {
      id = mask_;
    } else if (u < options_.masked + options_.replaced) {
      id = ordinary_[random.below(ordinary_.size())];
    }
  }
  return out;
}

}  // namespace mosaic::data
