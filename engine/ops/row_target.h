// Places for several gradients that one kernel writes together.
#pragma once

#include "engine/autograd/node.h"
#include "engine/ops/check.h"
#include "engine/ops/ops.h"

namespace mosaic {

// The gradient of one input by rows: the sink's own memory when that is row-strided, else a dense tensor that
// finish() adds to it. Without a data pointer when the input wants no gradient.
class RowTarget {
 public:
  RowTarget(GradSink& sink, size_t input) {
    if (!sink.wants(input)) return;
    place_ = sink.target(input);
    if (place_.tensor.is_row_strided()) {
      rows_ = rows_of(place_.tensor);
      return;
    }
    // Zeroed now rather than overwritten later: another input may be the same tensor and already be written.
    if (!place_.accumulate) fill_(place_.tensor, 0);
    whole_ = Tensor::empty(place_.tensor.shape(), place_.tensor.dtype(), place_.tensor.device());
    rows_ = rows_of(whole_);
  }

  void* data() const { return rows_.data; }
  int64_t row_stride() const { return rows_.row_stride; }
  // Where the values are written, with its strides; only when data() is not null.
  const Tensor& tensor() const { return whole_.defined() ? whole_ : place_.tensor; }
  // Whether the kernel adds to what is there.
  bool add() const { return place_.accumulate && !whole_.defined(); }
  void finish() const {
    if (whole_.defined()) add_(place_.tensor, whole_);
  }

 private:
  GradTarget place_;
  Tensor whole_;
  Rows rows_{};
};

}  // namespace mosaic
