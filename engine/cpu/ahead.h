// Asking for memory before it is needed.
//
// A core that computes leaves the way to memory idle, and one that then waits for operands leaves its
// multipliers idle. Products therefore ask for their next operands while they work on the present ones.
#pragma once

#include <cstdint>

#include "engine/cpu/simd.h"

namespace mosaic::kernels::MOSAIC_ISA {

// `rows` rows of `length` bytes, `ld` bytes apart, asked for a few lines a visit. Nothing is read: an address
// that does not exist is harmless.
class Ahead {
 public:
  Ahead() = default;
  // All of it is asked for after about `visits` visits.
  Ahead(const void* at, int64_t rows, int64_t ld, int64_t length, int64_t visits)
      : at_(static_cast<const char*>(at)), ld_(ld), length_((length + line - 1) / line * line), rows_(rows) {
    if (length_ == 0) rows_ = 0;
    const int64_t lines = rows * (length_ / line), each = visits > 0 ? (lines + visits - 1) / visits : 0;
    at_once_ = each < 1 ? 1 : each > most_at_once ? most_at_once : each;
  }
  bool any() const { return rows_ > 0; }
  // A line of each of the next few rows, then the next line of these.
  [[gnu::always_inline]] void visit() {
    if (rows_ <= 0) return;
    const int64_t some = at_once_ < rows_ ? at_once_ : rows_;
    for (int64_t i = 0; i < some; ++i) __builtin_prefetch(at_ + i * ld_ + offset_, 0, 3);
    offset_ += line;
    if (offset_ < length_) return;
    offset_ = 0;
    at_ += some * ld_;
    rows_ -= some;
  }

 private:
  // A core keeps track of some twenty lines on their way.
  static constexpr int64_t line = 64, most_at_once = 16;
  const char* at_ = nullptr;
  int64_t ld_ = 0, length_ = 0, rows_ = 0, at_once_ = 1, offset_ = 0;
};

// Values of k between two visits.
inline constexpr int64_t visit_step = 16;

}  // namespace mosaic::kernels::MOSAIC_ISA
