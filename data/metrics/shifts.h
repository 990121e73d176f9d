// Tercom's greedy search for shifts (Snover et al. 2006): edits that move a block of words.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/metrics/edit_distance.h"

namespace mosaic::data {

// Counts the edits that turn hypotheses into references; keeps its memory from one pair to the next.
//
// Again and again the block whose move shortens the edit distance most is moved (one edit each), until none
// does. Tried are blocks of up to `longest_block` words that also stand in the reference, at most
// `farthest_block` positions from there, with a wrong word on both sides; targets are the places of the
// reference block's words. Of equally good moves the longest block wins, then the one that starts first, then
// the first target. When `most_trials` moves have been tried in all, the search ends without the last one.
class ShiftSearch {
 public:
  static constexpr size_t longest_block = 10, farthest_block = 50;
  static constexpr int64_t most_trials = 1000;

  // Moves and edits together; the length of the hypothesis when the reference is empty.
  int64_t edits(std::span<const uint32_t> hypothesis, std::span<const uint32_t> reference);

 private:
  struct Shift {
    int32_t gain = 0;
    size_t length = 0, start = 0, target = 0;  // the block, and before which word it goes
  };
  // The words that change when a block goes to its target, into turned_; returns where they begin.
  size_t turn(const Shift& shift);
  bool best_shift(Shift& best);
  void try_blocks(size_t start, size_t facing, Shift& best);
  void try_targets(Shift shift, size_t facing, Shift& best);

  BandedEditDistance distance_;
  Alignment alignment_;
  std::vector<uint32_t> turned_;
  int64_t trials_ = 0;
};

}  // namespace mosaic::data
