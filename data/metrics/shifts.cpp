#include "data/metrics/shifts.h"

#include <algorithm>
#include <tuple>

namespace mosaic::data {

int64_t ShiftSearch::edits(std::span<const uint32_t> hypothesis, std::span<const uint32_t> reference) {
  if (reference.empty()) return static_cast<int64_t>(hypothesis.size());
  distance_.start(hypothesis, reference);
  trials_ = 0;
  int64_t moves = 0;
  for (Shift best; best_shift(best); best = {}) {
    const size_t begin = turn(best);
    distance_.replace(begin, turned_);
    ++moves;
  }
  return moves + distance_.distance();
}

// A target inside the block moves it right by as many words as lie between its start and the target.
size_t ShiftSearch::turn(const Shift& shift) {
  const std::span<const uint32_t> words = distance_.hypothesis();
  const size_t after = shift.start + shift.length;
  const bool left = shift.target < shift.start;
  const size_t begin = left ? shift.target : shift.start;
  const size_t end = left                   ? after
                     : shift.target > after ? shift.target
                                            : std::min(words.size(), shift.target + shift.length);
  const size_t middle = left ? shift.start : after;  // what lies from here on comes first
  turned_.clear();
  const auto append = [&](size_t from, size_t to) {
    turned_.insert(turned_.end(), words.begin() + static_cast<std::ptrdiff_t>(from),
                   words.begin() + static_cast<std::ptrdiff_t>(to));
  };
  append(middle, end);
  append(begin, middle);
  return begin;
}

// False when no move shortens the distance or all trials are used up.
bool ShiftSearch::best_shift(Shift& best) {
  if (distance_.distance() == 0) return false;
  distance_.align(alignment_);
  const std::span<const uint32_t> ours = distance_.hypothesis(), theirs = distance_.reference();
  for (size_t start = 0; start < ours.size(); ++start) {
    const size_t first = start - std::min(start, farthest_block);
    const size_t end = std::min(theirs.size(), start + farthest_block + 1);
    for (size_t facing = first; facing < end; ++facing) {
      if (ours[start] != theirs[facing]) continue;
      try_blocks(start, facing, best);
      if (trials_ >= most_trials) return false;
    }
  }
  return best.gain > 0;
}

// All blocks from `start` on that equal the reference's words from `facing` on.
void ShiftSearch::try_blocks(size_t start, size_t facing, Shift& best) {
  const std::span<const uint32_t> ours = distance_.hypothesis(), theirs = distance_.reference();
  const int32_t position = alignment_.position[facing];
  bool ours_wrong = false, theirs_wrong = false;
  for (size_t length = 1; length <= longest_block; ++length) {
    const size_t h = start + length - 1, r = facing + length - 1;
    if (h >= ours.size() || r >= theirs.size() || ours[h] != theirs[r]) return;
    ours_wrong = ours_wrong || alignment_.hypothesis_wrong[h];
    theirs_wrong = theirs_wrong || alignment_.reference_wrong[r];
    const bool inside = position >= static_cast<int32_t>(start) && position <= static_cast<int32_t>(h);
    if (!ours_wrong || !theirs_wrong || inside) continue;
    try_targets({.length = length, .start = start}, facing, best);
    if (trials_ >= most_trials) return;
  }
}

// Targets are before the first facing word and after each of them, where the alignment puts them.
void ShiftSearch::try_targets(Shift shift, size_t facing, Shift& best) {
  for (size_t k = 0; k <= shift.length; ++k) {
    const size_t r = facing + k;  // behind reference word r - 1
    const size_t target = r == 0 ? 0 : static_cast<size_t>(alignment_.position[r - 1] + 1);
    if (k > 0 && target == shift.target) continue;
    shift.target = target;
    ++trials_;
    const bool wins_ties = best.gain > 0 && std::tuple(shift.length, best.start, best.target) >
                                                std::tuple(best.length, shift.start, shift.target);
    const int32_t enough = distance_.distance() - best.gain - !wins_ties;
    const size_t begin = turn(shift);
    const int32_t distance = distance_.distance_with(begin, turned_, enough);
    if (distance > enough) continue;
    best = shift;
    best.gain = distance_.distance() - distance;
  }
}

}  // namespace mosaic::data
