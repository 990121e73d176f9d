// Reductions: what the kernels are told. Inputs are row-strided (columns dense).
#pragma once

#include "engine/core/dtype.h"

namespace mosaic::kernels {

// y[r] (+)= scale * sum of row r. y has one element a row, `y_stride` apart.
struct RowSumArgs {
  DType dtype;
  const void* x;
  int64_t rows, cols, row_stride;
  double scale = 1;
  bool accumulate = false;
  void* y;
};

// x {outer, n, cols} as outer * n rows: y[o, c] (+)= scale * sum over n. y {outer, cols} dense.
struct ColumnSumArgs {
  DType dtype;
  bool wide = false;  // y is of accumulated(dtype)
  const void* x;
  int64_t outer, n, cols, row_stride;
  double scale = 1;
  bool accumulate = false;
  void* y;
};

// Sum (or sum of squares) of n dense elements in double: partial sums of fixed chunks, added in order.
inline constexpr int64_t total_chunk = 4096;
struct TotalArgs {
  DType dtype;
  const void* x;
  int64_t n;
  bool squares = false;
  double* partials;  // ceil(n / total_chunk)
  double* y;
};

// The first maximum of each row: its value, its column (i32), or both (null: not wanted). cols > 0.
struct RowMaxArgs {
  DType dtype;
  const void* x;
  int64_t rows, cols, row_stride;
  void* values;
  int32_t* indices;
};

// The same of each column of x {outer, n, cols}: values and indices (along n) {outer, cols}. n > 0.
struct ColumnMaxArgs {
  DType dtype;
  const void* x;
  int64_t outer, n, cols, row_stride;
  void* values;
  int32_t* indices;
};

// y[r] = log sum_c exp x[r, c]; -infinity for a row without columns or of -infinity only.
struct LogSumExpArgs {
  DType dtype;
  const void* x;
  int64_t rows, cols, row_stride;
  void* y;
};
// dx[r, c] (+)= dy[r] * exp(x[r, c] - y[r]).
struct LogSumExpBackArgs {
  DType dtype;
  const void* x;
  int64_t rows, cols, row_stride;
  const void* y;
  const void* dy;
  bool accumulate = false;
  void* dx;
  int64_t dx_stride;
};

// The k largest of each row, descending, ties by lower index; values and indices {rows, k}. 1 <= k <= cols.
struct TopKArgs {
  DType dtype;
  const void* x;
  int64_t rows, cols, row_stride, k;
  void* values;
  int32_t* indices;
};

struct Reduce {
  virtual void row_sum(const RowSumArgs& args) const = 0;
  virtual void column_sum(const ColumnSumArgs& args) const = 0;
  virtual void total(const TotalArgs& args) const = 0;
  virtual void row_max(const RowMaxArgs& args) const = 0;
  virtual void column_max(const ColumnMaxArgs& args) const = 0;
  virtual void logsumexp(const LogSumExpArgs& args) const = 0;
  virtual void logsumexp_back(const LogSumExpBackArgs& args) const = 0;
  virtual void topk(const TopKArgs& args) const = 0;

 protected:
  ~Reduce() = default;
};

}  // namespace mosaic::kernels
