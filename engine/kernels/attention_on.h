// What attention's kernels of every device share.
#pragma once

#include "engine/kernels/attention.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Where the rows of one (batch, head) are, and how many.
struct AttentionPlace {
  int32_t b, h;  // 32 bits spare a GPU's registers
  int32_t first_query, first_key, queries, keys;

  AttentionPlace() = default;
  MOSAIC_HD AttentionPlace(const AttentionShape& s, int64_t item)
      : b(static_cast<int32_t>(item / s.heads)),
        h(static_cast<int32_t>(item - b * s.heads)),
        first_query(0),
        first_key(0),
        queries(static_cast<int32_t>(s.queries)),
        keys(static_cast<int32_t>(s.keys)) {
    if (s.query_begins == nullptr) return;
    first_query = s.query_begins[b];
    first_key = s.key_begins[b];
    queries = s.query_begins[b + 1] - first_query;
    keys = s.key_begins[b + 1] - first_key;
  }
  // The rows from `first` on; width of the head.
  template <class T>
  MOSAIC_HD T* at(const AttentionRows& rows, int64_t first, int64_t width) const {
    return static_cast<T*>(rows.data) + b * rows.batch + first * rows.row + h * width;
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
