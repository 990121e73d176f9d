#include "engine/ops/packed_linear.h"

#include <algorithm>
#include <mutex>

#include "engine/autograd/node.h"
#include "engine/cpu/isa.h"
#include "engine/cpu/packed_table.h"
#include "engine/ops/check.h"

namespace mosaic {
namespace {

thread_local bool keeps = false;

const kernels::PackedTable& table() {
  return kernels::pick<kernels::baseline::packed_table, kernels::avx2::packed_table,
                       kernels::avx512::packed_table>();
}

bool packable(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const auto plain = [](const Tensor& t) { return t.defined() && t.dtype() == f32 && t.device() == cpu(); };
  return keeps && plain(x) && plain(weight) && (!bias.defined() || plain(bias)) && x.rank() >= 1 &&
         weight.rank() == 2 && x.dim(-1) == weight.dim(1) && weight.numel() > 0 && x.numel() > 0 &&
         (!bias.defined() || bias.shape() == Shape{weight.dim(0)}) && !wants_grad({&x, &weight, &bias});
}

}  // namespace

KeepPacked::KeepPacked() : before_(keeps) {
  keeps = true;
}
KeepPacked::~KeepPacked() {
  keeps = before_;
}

struct PackedWeight::Pack {
  std::mutex mutex;
  Tensor of;  // holds its storage, so that no other takes its address
  uint64_t version = 0;
  kernels::Isa isa{};
  Tensor values;

  // The pack of a weight, made when the kept one is of something else.
  Tensor get(const Tensor& weight) {
    const std::lock_guard lock(mutex);
    const kernels::Isa now = kernels::active_isa();
    if (of.defined() && of.storage() == weight.storage() && version == weight.storage()->version() &&
        isa == now && of.offset() == weight.offset() && of.shape() == weight.shape() &&
        of.strides() == weight.strides()) {
      return values;
    }
    version = weight.storage()->version();
    const Tensor rows = as_rows(weight);
    const int64_t n = rows.dim(0), k = rows.dim(1);
    values = Tensor::empty({table().size(n, k)}, f32);
    table().pack(static_cast<const float*>(rows.raw()), std::max(rows_of(rows).row_stride, k), n, k,
                 values.data<float>());
    of = weight.detach();
    isa = now;
    return values;
  }
};

PackedWeight::PackedWeight() : pack_(std::make_shared<Pack>()) {}

Tensor PackedWeight::linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                            Activation activation) const {
  if (!packable(x, weight, bias)) return mosaic::linear(x, weight, bias, activation);
  const Tensor packed = pack_->get(weight), held = as_rows(x),
               shift = bias.defined() ? bias.detach().dense() : Tensor();
  const Rows rows = rows_of(held);
  const int64_t n = weight.dim(0), k = weight.dim(1);
  const Tensor y = Tensor::empty(x.shape().with(-1, n), f32);  // {..., n}
  table().multiply({.m = rows.rows,
                    .n = n,
                    .k = k,
                    .a = static_cast<const float*>(rows.data),
                    .lda = std::max(rows.row_stride, k),
                    .packed = packed.data<float>(),
                    .c = y.data<float>(),
                    .ldc = n,
                    .bias = shift.defined() ? shift.data<float>() : nullptr,
                    .relu = activation == Activation::relu});
  return y;
}

}  // namespace mosaic
