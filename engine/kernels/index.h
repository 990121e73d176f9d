// Row gathers and their deterministic scatter: what the kernels are told.
#pragma once

#include "engine/core/dtype.h"

namespace mosaic::kernels {

// y[i] = table[ids[i]]. An id outside the table gives a row of zeros and sets *bad: the caller reports it.
struct GatherRowsArgs {
  DType dtype;
  const void* table;
  int64_t rows, cols, row_stride;
  const int32_t* ids;
  int64_t count;
  void* y;  // {count, cols} dense
  int32_t* bad;
};

// Groups the positions of equal ids by counting sort: order[starts[id] .. starts[id + 1]) are the positions
// of `id`, rising. Ids must be valid.
struct GroupArgs {
  const int32_t* ids;
  int64_t count, rows;
  int64_t padding;  // an id whose positions are left out, -1 for none
  int32_t* starts;  // rows + 1
  int32_t* order;   // count
};

// dx[id] (+)= sum of dy[i] over the positions i of id, in rising order: the same bits for any thread count.
// Without accumulate, rows that no id names are zeroed.
struct ScatterRowsArgs {
  DType dtype;
  const void* dy;
  int64_t dy_stride;
  const int32_t* starts;
  const int32_t* order;
  int64_t rows, cols;
  bool accumulate = false;
  void* dx;
  int64_t dx_stride;
};

// y[r] = x[r, indices[r]]; an index outside gives 0 and sets *bad.
struct PickArgs {
  DType dtype;
  const void* x;
  int64_t rows, cols, row_stride;
  const int32_t* indices;
  void* y;
  int32_t* bad;
};
// dx[r, indices[r]] (+)= dy[r]; without accumulate the other columns are zeroed.
struct PutArgs {
  DType dtype;
  const void* dy;
  const int32_t* indices;
  int64_t rows, cols;
  bool accumulate = false;
  void* dx;
  int64_t dx_stride;
};

// dx[o, indices[o, c], c] (+)= dy[o, c] for dx {outer, n, cols} and dy, indices {outer, cols} dense; without
// accumulate the other rows are zeroed.
struct PutColumnsArgs {
  DType dtype;
  const void* dy;
  const int32_t* indices;
  int64_t outer, n, cols;
  bool accumulate = false;
  void* dx;
  int64_t dx_stride;
};

struct Index {
  virtual void gather_rows(const GatherRowsArgs& args) const = 0;
  virtual void group(const GroupArgs& args) const = 0;
  virtual void scatter_rows(const ScatterRowsArgs& args) const = 0;
  virtual void pick(const PickArgs& args) const = 0;
  virtual void put(const PutArgs& args) const = 0;
  virtual void put_columns(const PutColumnsArgs& args) const = 0;

 protected:
  ~Index() = default;
};

}  // namespace mosaic::kernels
