#include "engine/core/tensor.h"

#include <algorithm>
#include <cstring>

#include "engine/autograd/node.h"
#include "engine/cuda/backend.h"
#include "engine/ops/ops.h"

namespace mosaic {
namespace {

// Fills a dense tensor from host memory in row-major order, and the reverse.
void upload(const Tensor& to, const void* from) {
  const auto bytes = static_cast<size_t>(to.numel() * size_of(to.dtype()));
  if (bytes == 0) return;
  if (to.device() == cpu()) {
    std::memcpy(to.raw(), from, bytes);
  } else {
    cuda::need(to.device(), "upload").upload(to.device().index, to.raw(), from, bytes);
  }
}
void download(const Tensor& from, void* to) {
  const auto bytes = static_cast<size_t>(from.numel() * size_of(from.dtype()));
  if (bytes > 0) cuda::need(from.device(), "download").download(from.device().index, to, from.raw(), bytes);
}

template <class T>
Tensor from_host(std::span<const T> values, const Shape& shape, Device device) {
  check<ShapeError>(static_cast<int64_t>(values.size()) == shape.numel(), "from", values.size(),
                    " values do not fill ", shape);
  Tensor tensor = Tensor::empty(shape, dtype_of<T>, device);
  upload(tensor, values.data());
  return tensor;
}

// Calls visit(element offset) for every element in row-major order.
template <class F>
void for_each_offset(const Tensor& x, F&& visit) {
  const int64_t count = x.numel();
  std::array<int64_t, Shape::max_rank> index{};
  int64_t at = 0;
  for (int64_t i = 0; i < count; ++i) {
    visit(at);
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      const auto a = static_cast<size_t>(axis);
      at += x.strides()[a];
      if (++index[a] < x.shape()[axis]) break;
      at -= x.strides()[a] * index[a];
      index[a] = 0;
    }
  }
}

}  // namespace

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
  const auto bytes = static_cast<size_t>(shape.numel() * size_of(dtype));
  return view_of(Storage::make(bytes, device), shape, dtype);
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  Tensor tensor = empty(shape, dtype, device);
  if (device != cpu()) {
    fill_(tensor, 0);
    return tensor;
  }
  std::memset(tensor.raw(), 0,
              static_cast<size_t>(shape.numel() * size_of(dtype)));  // all-zero bits are zero
  return tensor;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  Tensor tensor = empty(shape, dtype, device);
  if (device != cpu()) {
    fill_(tensor, value);
    return tensor;
  }
  visit_any(dtype, [&]<class T>() {
    std::fill_n(tensor.data<T>(), shape.numel(), static_cast<T>(static_cast<compute_t<T>>(value)));
  });
  return tensor;
}

Tensor Tensor::from(std::span<const float> values, const Shape& shape, Device device) {
  return from_host(values, shape, device);
}
Tensor Tensor::from(std::span<const double> values, const Shape& shape, Device device) {
  return from_host(values, shape, device);
}
Tensor Tensor::from(std::span<const int32_t> values, const Shape& shape, Device device) {
  return from_host(values, shape, device);
}
Tensor Tensor::from(std::span<const uint8_t> values, const Shape& shape, Device device) {
  return from_host(values, shape, device);
}

Tensor Tensor::view_of(std::shared_ptr<Storage> storage, const Shape& shape, DType dtype, int64_t offset) {
  check<ShapeError>((offset + shape.numel()) * size_of(dtype) <= static_cast<int64_t>(storage->bytes()),
                    "view_of", shape, " of ", dtype, " at ", offset, " exceeds ", storage->bytes(), " bytes");
  Tensor tensor;
  tensor.shape_ = shape;
  tensor.strides_ = dense_strides(shape);
  tensor.offset_ = offset;
  tensor.dtype_ = dtype;
  tensor.storage_ = std::move(storage);
  return tensor;
}

Device Tensor::device() const {
  check(defined(), "tensor", "is undefined");
  return storage_->device();
}

bool Tensor::is_dense() const {
  int64_t step = 1;
  for (int axis = rank() - 1; axis >= 0; --axis) {
    const auto a = static_cast<size_t>(axis);
    if (shape_[axis] != 1 && strides_[a] != step) return numel() == 0;
    step *= shape_[axis];
  }
  return true;
}

bool Tensor::is_row_strided() const {
  if (rank() == 0 || numel() == 0) return true;
  if (shape_[-1] != 1 && stride(-1) != 1) return false;
  int64_t rows = 1, row_stride = 0;
  for (int axis = rank() - 2; axis >= 0; --axis) {
    const int64_t size = shape_[axis], step = stride(axis);
    if (size == 1) continue;
    if (rows == 1) {
      row_stride = step;
    } else if (step != row_stride * rows) {
      return false;
    }
    rows *= size;
  }
  return rows == 1 || row_stride >= shape_[-1];
}

void Tensor::touch() const {
  check(!storage_->read_only(), "touch", "tensor ", shape_, " is a read-only view of a file");
  storage_->touch();
}

std::vector<double> Tensor::values() const {
  if (device() != cpu()) return detach().to(cpu()).values();
  std::vector<double> result;
  result.reserve(static_cast<size_t>(numel()));
  visit_any(dtype_, [&]<class T>() {
    const T* first = data<T>();
    for_each_offset(*this, [&](int64_t at) { result.push_back(static_cast<double>(first[at])); });
  });
  return result;
}

double Tensor::item_as_double() const {
  check<ShapeError>(defined() && numel() == 1, "item", "needs exactly one element, got ", shape_);
  return values()[0];
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  Tensor y = empty(shape_, dtype, device());
  copy_(y, detach());
  if (!is_float(dtype) || !is_float(dtype_)) return y;
  return record({.op = "to",
                 .inputs = {*this},
                 .saved = {},
                 .backward =
                     [from = dtype_](const Back& b) {
                       const NoGrad off;
                       b.sink.add(0, b.dy.to(from));
                     }},
                y);
}

Tensor Tensor::to(Device target) const {
  const Device from = device();
  if (target == from) return *this;
  const Tensor x = detach().dense();
  Tensor y = empty(shape_, dtype_, target);
  if (from == cpu()) {
    upload(y, x.raw());
  } else if (target == cpu()) {
    download(x, y.raw());
  } else {
    return to(cpu()).to(target);
  }
  return record({.op = "to",
                 .inputs = {*this},
                 .saved = {},
                 .backward =
                     [from](const Back& b) {
                       const NoGrad off;
                       b.sink.add(0, b.dy.to(from));
                     }},
                y);
}

Tensor Tensor::dense() const {
  if (is_dense()) return *this;
  Tensor y = empty(shape_, dtype_, device());
  copy_(y, detach());
  return record(
      {.op = "dense", .inputs = {*this}, .saved = {}, .backward = [](const Back& b) { b.sink.add(0, b.dy); }},
      y);
}

Tensor Tensor::detach() const {
  Tensor copy = *this;
  copy.node_.reset();
  return copy;
}

Tensor Tensor::with_layout(const Shape& shape, const Strides& strides, int64_t offset) const {
  Tensor view = detach();
  view.shape_ = shape;
  view.strides_ = strides;
  view.offset_ = offset;
  return view;
}

Tensor& Tensor::track(bool on) {
  check<GradError>(!on || is_float(dtype_), "track", "only float dtypes have gradients, got ", dtype_);
  check<GradError>(!node_ || node_->is_leaf(), "track", "tensor is the result of ", node_ ? node_->op : "",
                   "; use detach() first");
  if (on && !node_) {
    node_ = std::make_shared<Node>();
    node_->shape = shape_;
    node_->dtype = dtype_;
    node_->device = device();
  } else if (!on) {
    node_.reset();
  }
  return *this;
}

bool Tensor::is_leaf() const {
  return !node_ || node_->is_leaf();
}

bool Tensor::has_grad() const {
  if (!node_) return false;
  return node_->is_view() ? node_->inputs[0]->grad_valid : node_->grad_valid;
}

Tensor Tensor::grad() const {
  if (!has_grad()) return {};
  if (!node_->is_view()) return node_->grad;
  const NoGrad off;
  Tensor base = detach();
  base.node_ = node_->inputs[0];
  return node_->region(base.grad());
}

void Tensor::zero_grad() const {
  if (!node_) return;
  check<GradError>(!node_->is_view(), "zero_grad", "is a view: zero the gradient of its base");
  node_->grad_valid = false;
}

const Tensor& Tensor::retain_grad() const {
  check<GradError>(tracked(), "retain_grad", "tensor is not tracked");
  Node* node = node_.get();
  while (node->is_view()) node = node->inputs[0].get();  // a view's gradient is kept in its base's
  node->retain = true;
  return *this;
}

const Tensor& Tensor::on_grad(std::function<void(Tensor&)> hook) const {
  check<GradError>(tracked(), "on_grad", "tensor is not tracked");
  check<GradError>(!node_->is_view(), "on_grad", "a view's gradient is a part of its base's: hook the base");
  node_->hooks.push_back(std::move(hook));
  return *this;
}

Tensor& Tensor::named(const std::string& name) {
  check<GradError>(tracked(), "named", "only tracked tensors carry names; call track() first");
  node_->name = name;
  return *this;
}

const std::string& Tensor::name() const {
  static const std::string none;
  return node_ ? node_->name : none;
}

void Tensor::backward() const {
  backward(Tensor());
}

void Tensor::backward(const Tensor& seed, BackwardOptions options) const {
  mosaic::backward(std::span(this, 1), std::span(&seed, 1), options);
}

namespace {

void print_axis(std::ostream& out, const Tensor& x, const std::vector<double>& values, int axis,
                size_t first) {
  if (axis == x.rank()) {
    out << values[first];
    return;
  }
  size_t step = 1;
  for (int inner = axis + 1; inner < x.rank(); ++inner) step *= static_cast<size_t>(x.dim(inner));
  constexpr int64_t shown = 6;
  out << '[';
  for (int64_t i = 0; i < x.dim(axis); ++i) {
    if (i > 0) out << ", ";
    if (x.dim(axis) > 2 * shown && i == shown) {
      out << "...";
      i = x.dim(axis) - shown - 1;
      continue;
    }
    print_axis(out, x, values, axis + 1, first + static_cast<size_t>(i) * step);
  }
  out << ']';
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "Tensor(undefined)";
  out << "Tensor" << tensor.shape() << ' ' << tensor.dtype() << ' ' << tensor.device() << ' ';
  print_axis(out, tensor, tensor.values(), 0, 0);
  return out;
}

}  // namespace mosaic
