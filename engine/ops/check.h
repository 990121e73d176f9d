// What every op asks of its inputs, and the two-dimensional form kernels read them in.
#pragma once

#include <initializer_list>

#include "engine/core/tensor.h"

namespace mosaic {

// All defined tensors of the list have the first one's dtype and device (null and undefined ones are passed
// over, except the first). DtypeError or DeviceError naming the odd one's position, ArgumentError when the
// first is undefined.
inline void check_alike(const char* op, std::initializer_list<const Tensor*> tensors) {
  const Tensor* first = *tensors.begin();
  check(first != nullptr && first->defined(), op, "input 0 is undefined");
  int position = 0;
  for (const Tensor* tensor : tensors) {
    if (tensor != nullptr && tensor->defined()) {
      check<DtypeError>(tensor->dtype() == first->dtype(), op, "input ", position, " is ", tensor->dtype(),
                        ", the first is ", first->dtype());
      check<DeviceError>(tensor->device() == first->device(), op, "input ", position, " is on ",
                         tensor->device(), ", the first on ", first->device());
    }
    ++position;
  }
}

// ArgumentError naming the position of an undefined tensor.
inline void check_defined(const char* op, std::initializer_list<const Tensor*> tensors) {
  int position = 0;
  for (const Tensor* tensor : tensors) check(tensor->defined(), op, "input ", position++, " is undefined");
}

// check_alike and a float dtype.
inline void check_float(const char* op, std::initializer_list<const Tensor*> tensors) {
  check_alike(op, tensors);
  const DType dtype = (*tensors.begin())->dtype();
  check<DtypeError>(is_float(dtype), op, "needs a float dtype, got ", dtype);
}

// A defined i32 tensor on the device of x.
inline void check_ids(const char* op, const char* what, const Tensor& ids, const Tensor& x) {
  check(ids.defined(), op, what, " are undefined");
  check<DtypeError>(ids.dtype() == i32, op, what, " must be i32, got ", ids.dtype());
  check<DeviceError>(ids.device() == x.device(), op, what, " are on ", ids.device(), ", the rest on ",
                     x.device());
}

// Each of the dense targets is a class or `ignore`.
inline void check_targets(const char* op, const Tensor& targets, int64_t classes, int64_t ignore) {
  const Tensor local = targets.to(cpu());
  const auto target = local.host<int32_t>();
  for (size_t i = 0; i < target.size(); ++i) {
    check((target[i] >= 0 && target[i] < classes) || target[i] == ignore, op, "target ", target[i], " at ", i,
          " is outside the ", classes, " classes");
  }
}

// A row-strided tensor as rows x cols; a vector or scalar is one row.
struct Rows {
  void* data;
  int64_t row_stride, rows, cols;
  template <class T>
  T* at(int64_t row) const {
    return static_cast<T*>(data) + row * row_stride;
  }
};

// x without gradient identity: itself when row-strided (is_row_strided), else a dense copy.
inline Tensor as_rows(const Tensor& x) {
  return x.is_row_strided() ? x.detach() : x.detach().dense();
}

// The two-dimensional reading of a row-strided tensor; ShapeError for other layouts. An empty tensor has
// its true number of columns and numel / cols rows (0 when there are no columns).
inline Rows rows_of(const Tensor& x) {
  check<ShapeError>(x.is_row_strided(), "rows_of", x.shape(), " is not row-strided");
  const int64_t cols = x.rank() == 0 ? 1 : x.dim(-1);
  int64_t rows = 1;
  for (int axis = 0; axis + 1 < x.rank(); ++axis) rows *= x.dim(axis);
  int64_t stride = cols;
  for (int axis = x.rank() - 2; axis >= 0; --axis) {
    if (x.dim(axis) == 1) continue;
    stride = x.stride(axis);
    break;
  }
  return {x.raw(), stride, rows, cols};
}

}  // namespace mosaic
