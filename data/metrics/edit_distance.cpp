#include "data/metrics/edit_distance.h"

#include <algorithm>
#include <cmath>

namespace mosaic::data {
namespace {

constexpr int32_t infinite = 1 << 29;  // large enough to lose, small enough to add to
constexpr uint32_t no_word = 0xFFFFFFFF;

}  // namespace

void BandedEditDistance::start(std::span<const uint32_t> hypothesis, std::span<const uint32_t> reference) {
  hypothesis_.assign(hypothesis.begin(), hypothesis.end());
  reference_.assign(reference.begin(), reference.end());
  reference_.push_back(no_word);
  lay_out_band();
  for (auto& row : trial_) row.assign(reference_.size() + 2, infinite);
  for (int32_t j = 0; j <= columns(); ++j) {
    forward_[row(0).origin + static_cast<size_t>(j)] = j;
    if (j >= row(rows()).first) backward_[row(rows()).origin + static_cast<size_t>(j)] = columns() - j;
  }
  fill_tables(0, rows());
}

// Rows follow one another with cells between them that stay infinite: as many to the left of a row as the row
// before it, to the right as the row after it can ask for, and at least one.
void BandedEditDistance::lay_out_band() {
  const int32_t n = rows(), m = columns();
  const double slope = n > 0 ? static_cast<double>(m) / n : 1;
  const int32_t width = beam < slope / 2 ? static_cast<int32_t>(std::ceil(slope / 2 + beam)) : beam;
  band_.resize(static_cast<size_t>(n) + 1);
  band_[0] = {.first = 0, .end = m + 1, .origin = 0};
  for (int32_t i = 1; i <= n; ++i) {
    const auto diagonal = static_cast<int32_t>(std::floor(i * slope));
    band_[static_cast<size_t>(i)] = {.first = std::max(0, diagonal - width),
                                     .end = i == n ? m + 1 : std::min(m + 1, diagonal + width),
                                     .origin = 0};
  }
  size_t next = 0;
  for (size_t i = 0; i < band_.size(); ++i) {
    Row& row = band_[i];
    const int32_t left = i > 0 ? std::max(1, row.first - band_[i - 1].first) : 1;
    const int32_t right = i + 1 < band_.size() ? std::max(1, band_[i + 1].end - row.end) : 1;
    // Never negative: row 0 spans all columns.
    row.origin = next + static_cast<size_t>(left) - static_cast<size_t>(row.first);
    next += static_cast<size_t>(left + row.end - row.first + right);
  }
  forward_.assign(next, infinite);
  backward_.assign(next, infinite);
}

// Row i, whose word is given, from the row above; returns a lower bound of the distance through it: the
// cheapest cell with the insertions or deletions that the lengths left over ask for.
int32_t BandedEditDistance::fill_forward(int32_t i, uint32_t word, const int32_t* above,
                                         int32_t* here) const {
  const auto [first, end, origin] = row(i);
  const int32_t straight = columns() - (rows() - i);  // the column from which no length is left over
  int32_t left = infinite, bound = infinite, j = first;
  if (j == 0) {
    here[0] = left = above[0] + 1;
    bound = left + std::abs(straight);
    j = 1;
  }
  for (; j < end; ++j) {
    const int32_t across = above[j - 1] + (word != reference_[static_cast<size_t>(j) - 1]);
    left = std::min({across, above[j] + 1, left + 1});
    here[j] = left;
    bound = std::min(bound, left + std::abs(straight - j));
  }
  return bound;
}

void BandedEditDistance::fill_backward(int32_t i) {
  const int32_t* below = backward_.data() + row(i + 1).origin;
  int32_t* here = backward_.data() + row(i).origin;
  const uint32_t word = hypothesis_[static_cast<size_t>(i)];
  int32_t right = infinite;
  for (int32_t j = row(i).end - 1; j >= row(i).first; --j) {
    const int32_t across = below[j + 1] + (word != reference_[static_cast<size_t>(j)]);
    here[j] = right = std::min({across, below[j] + 1, right + 1});
  }
}

// Costs from the beginning hang on the words before a row, costs to the end on those after it. Row 0 of the
// latter is never asked for.
void BandedEditDistance::fill_tables(int32_t first_changed, int32_t last_changed) {
  for (int32_t i = first_changed + 1; i <= rows(); ++i) {
    fill_forward(i, hypothesis_[static_cast<size_t>(i) - 1], forward_.data() + row(i - 1).origin,
                 forward_.data() + row(i).origin);
  }
  for (int32_t i = last_changed - 1; i > 0; --i) fill_backward(i);
}

int32_t BandedEditDistance::distance_with(size_t begin, std::span<const uint32_t> words, int32_t limit) {
  while (!words.empty() && words.front() == hypothesis_[begin]) {
    words = words.subspan(1);
    ++begin;
  }
  while (!words.empty() && words.back() == hypothesis_[begin + words.size() - 1])
    words = words.first(words.size() - 1);
  if (words.empty()) return distance();

  auto i = static_cast<int32_t>(begin);
  const int32_t* above = forward_.data() + row(i).origin;
  for (const uint32_t word : words) {
    ++i;
    int32_t* here = trial_[i % 2].data() + 1;
    const int32_t bound = fill_forward(i, word, above, here);
    if (bound > limit) return bound;
    // The row after next has left other numbers beside this one.
    if (row(i).first > 0) here[row(i).first - 1] = infinite;
    const int32_t asked = i < rows() ? row(i + 1).end : row(i).end;
    std::fill(here + row(i).end, here + asked, infinite);
    above = here;
  }
  const int32_t* rest = backward_.data() + row(i).origin;
  int32_t best = infinite;
  for (int32_t j = row(i).first; j < row(i).end; ++j) best = std::min(best, above[j] + rest[j]);
  return best;
}

void BandedEditDistance::replace(size_t begin, std::span<const uint32_t> words) {
  std::copy(words.begin(), words.end(), hypothesis_.begin() + static_cast<std::ptrdiff_t>(begin));
  fill_tables(static_cast<int32_t>(begin), static_cast<int32_t>(begin + words.size()));
}

void BandedEditDistance::align(Alignment& out) const {
  out.position.assign(static_cast<size_t>(columns()), -1);
  out.hypothesis_wrong.assign(static_cast<size_t>(rows()), 0);
  out.reference_wrong.assign(static_cast<size_t>(columns()), 0);
  for (int32_t i = rows(), j = columns(); i > 0 || j > 0;) {
    const auto h = static_cast<size_t>(i) - 1, r = static_cast<size_t>(j) - 1;
    const int32_t here = forward(i, j);
    const bool wrong = i > 0 && j > 0 && hypothesis_[h] != reference_[r];
    if (i > 0 && j > 0 && forward(i - 1, j - 1) + wrong == here) {
      out.position[r] = i - 1;
      out.hypothesis_wrong[h] = out.reference_wrong[r] = wrong;
      --i;
      --j;
    } else if (i > 0 && forward(i - 1, j) + 1 == here) {
      out.hypothesis_wrong[h] = 1;
      --i;
    } else {
      out.position[r] = i - 1;
      out.reference_wrong[r] = 1;
      --j;
    }
  }
}

}  // namespace mosaic::data
