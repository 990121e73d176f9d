// Edit distance of a hypothesis to a reference, made for trying thousands of small changes to the hypothesis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mosaic::data {

// How the words lie against each other under the cheapest edits. Of equally cheap ones the last edit is, if
// possible, a match or substitution, else a deletion of a hypothesis word, else an insertion; so on
// backwards.
struct Alignment {
  std::vector<int32_t> position;          // {reference}: the hypothesis word it faces; for a missing word the
                                          // one before the gap, -1 for the gap before the first
  std::vector<uint8_t> hypothesis_wrong;  // {hypothesis}: 1 unless it faces an equal word
  std::vector<uint8_t> reference_wrong;   // {reference}
};

// Insertions, deletions and substitutions cost 1. Only cells (i, j), i words of the hypothesis against j of
// the reference, near the diagonal through both ends are considered: `beam` columns to its left and one less
// to its right, more when one hypothesis word stands for more than 2 beam reference words (Tercom's limits).
//
// Two tables are kept: costs from the beginning to every cell and from every cell to the end. When a few
// words change, only their own rows are computed; the cheapest sum with the second table's row after them is
// the new distance. Words are numbers, equal for equal words and below 2^32 - 1.
class BandedEditDistance {
 public:
  static constexpr int32_t beam = 25;

  // Takes both texts, the reference not empty. Memory: about 8 (50 hypothesis words + reference words) bytes.
  void start(std::span<const uint32_t> hypothesis, std::span<const uint32_t> reference);

  std::span<const uint32_t> hypothesis() const { return hypothesis_; }
  std::span<const uint32_t> reference() const { return {reference_.data(), reference_.size() - 1}; }
  int32_t distance() const { return forward(rows(), columns()); }

  // The distance if the words from `begin` on were these (which fit into the hypothesis). When it is above
  // `limit`, any number above it may be returned.
  int32_t distance_with(size_t begin, std::span<const uint32_t> words, int32_t limit);
  // Makes that change.
  void replace(size_t begin, std::span<const uint32_t> words);

  void align(Alignment& out) const;

 private:
  // The cells [first, end) of a row; column j lies at `origin` + j of both tables.
  struct Row {
    int32_t first, end;
    size_t origin;
  };
  int32_t rows() const { return static_cast<int32_t>(hypothesis_.size()); }
  int32_t columns() const { return static_cast<int32_t>(reference_.size()) - 1; }
  int32_t forward(int32_t i, int32_t j) const { return forward_[row(i).origin + static_cast<size_t>(j)]; }
  const Row& row(int32_t i) const { return band_[static_cast<size_t>(i)]; }

  void lay_out_band();
  int32_t fill_forward(int32_t i, uint32_t word, const int32_t* above, int32_t* here) const;
  void fill_backward(int32_t i);
  void fill_tables(int32_t first_changed, int32_t last_changed);

  std::vector<uint32_t> hypothesis_, reference_;  // the reference with a word that equals none at its end
  std::vector<Row> band_;                         // {hypothesis + 1}
  std::vector<int32_t> forward_, backward_;       // infinite beside the band
  std::vector<int32_t> trial_[2];                 // two rows of changed words, column j at 1 + j
};

}  // namespace mosaic::data
