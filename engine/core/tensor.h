// Tensor: a value. Layout (shape, strides, offset, dtype) is held by value; bytes and gradient identity are
// shared between copies. Maths are free functions in engine/ops/ops.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "engine/core/device.h"
#include "engine/core/dtype.h"
#include "engine/core/shape.h"
#include "engine/core/storage.h"

namespace mosaic {

struct Node;  // engine/autograd/node.h

struct BackwardOptions {
  bool keep_graph = false;  // keep saved tensors so that backward may run again over the same graph
};

class Tensor {
 public:
  Tensor() = default;  // undefined: defined() is false, everything else throws
  bool defined() const { return storage_ != nullptr; }

  // --- making -------------------------------------------------------------------------------------------
  static Tensor empty(const Shape& shape, DType dtype = f32, Device device = cpu());  // uninitialised
  static Tensor zeros(const Shape& shape, DType dtype = f32, Device device = cpu());
  static Tensor full(const Shape& shape, double value, DType dtype = f32, Device device = cpu());
  static Tensor scalar(double value, DType dtype = f32) { return full({}, value, dtype); }
  // A copy of host values in row-major order; ShapeError unless values.size() == shape.numel().
  static Tensor from(std::span<const float> values, const Shape& shape, Device device = cpu());
  static Tensor from(std::span<const double> values, const Shape& shape, Device device = cpu());
  static Tensor from(std::span<const int32_t> values, const Shape& shape, Device device = cpu());
  static Tensor from(std::span<const uint8_t> values, const Shape& shape, Device device = cpu());
  // A view of storage, for loaders: strides are dense, `offset` in elements.
  static Tensor view_of(std::shared_ptr<Storage> storage, const Shape& shape, DType dtype,
                        int64_t offset = 0);

  // --- layout -------------------------------------------------------------------------------------------
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t dim(int axis) const { return shape_[axis]; }
  int64_t stride(int axis) const { return strides_[static_cast<size_t>(shape_.check_axis(axis))]; }
  const Strides& strides() const { return strides_; }
  int64_t offset() const { return offset_; }
  int64_t numel() const { return shape_.numel(); }
  DType dtype() const { return dtype_; }
  Device device() const;
  bool is_dense() const;        // row-major without gaps
  bool is_row_strided() const;  // last axis dense, the others as one axis with one stride
  const std::shared_ptr<Storage>& storage() const { return storage_; }

  // The first element, in the memory of the tensor's device: only host() and values() are for reading. raw()
  // never checks; data<T>() checks the dtype. Writers call touch() afterwards.
  void* raw() const { return static_cast<char*>(storage_->data()) + offset_ * size_of(dtype_); }
  template <class T>
  T* data() const {
    check<DtypeError>(defined() && dtype_of<T> == dtype_, "data", "tensor is ", dtype_, ", asked for ",
                      dtype_of<T>);
    return static_cast<T*>(raw());
  }
  void touch() const;  // records an in-place write; throws when the bytes are a read-only file mapping

  // --- reading ------------------------------------------------------------------------------------------
  // All values in row-major order; DeviceError unless on the CPU, ShapeError unless dense (see dense()).
  template <class T>
  std::span<const T> host() const {
    check<DeviceError>(device() == cpu(), "host", "tensor is on ", device(), "; use .to(cpu())");
    check<ShapeError>(is_dense(), "host", "tensor ", shape_, " is a strided view; use .dense()");
    return {data<T>(), static_cast<size_t>(numel())};
  }
  // Any dtype, layout and device as double, row-major. On a device this waits for what was asked of it
  // before.
  std::vector<double> values() const;
  // The only element, converted, from any device; ShapeError when there is not exactly one.
  template <class T>
  T item() const {
    return static_cast<T>(item_as_double());
  }

  // --- converting (recorded for backward when tracked) ----------------------------------------------------
  Tensor to(DType dtype) const;
  Tensor to(Device device) const;
  Tensor dense() const;   // itself when already dense, else a row-major copy
  Tensor detach() const;  // same bytes, no gradient identity

  // --- gradients ------------------------------------------------------------------------------------------
  // Makes this a leaf whose gradient is kept (or stops it); GradError on integer dtypes and on results of
  // ops.
  Tensor& track(bool on = true);
  bool tracked() const { return node_ != nullptr; }
  bool is_leaf() const;
  // The gradient gathered so far (undefined before the first backward). Leaves keep theirs until zero_grad.
  Tensor grad() const;
  bool has_grad() const;
  // Forgets the gradient; its memory is kept and overwritten by the next sweep.
  void zero_grad() const;
  // Makes a result of an op keep its gradient after the sweep.
  const Tensor& retain_grad() const;
  // Sweeps from this tensor; seed defaults to 1 for a single element, else must be given with this shape.
  void backward() const;
  void backward(const Tensor& seed, BackwardOptions options = {}) const;
  // Sees (and may replace) the gradient as it passes; called once a sweep, in the order of registration.
  const Tensor& on_grad(std::function<void(Tensor&)> hook) const;
  // A name for graphs, traces and errors.
  Tensor& named(const std::string& name);
  const std::string& name() const;

  const std::shared_ptr<Node>& node() const { return node_; }

  // --- for ops: views without recording -------------------------------------------------------------------
  Tensor with_layout(const Shape& shape, const Strides& strides,
                     int64_t offset) const;  // same bytes, detached
  void set_node(std::shared_ptr<Node> node) { node_ = std::move(node); }

 private:
  double item_as_double() const;
  Shape shape_;
  Strides strides_{};
  int64_t offset_ = 0;
  DType dtype_ = DType::f32;
  std::shared_ptr<Storage> storage_;
  std::shared_ptr<Node> node_;
};

inline Tensor empty_like(const Tensor& x) {
  return Tensor::empty(x.shape(), x.dtype(), x.device());
}
inline Tensor zeros_like(const Tensor& x) {
  return Tensor::zeros(x.shape(), x.dtype(), x.device());
}

// "Tensor{2, 3} f32 cpu [[1, 2, 3], [4, 5, 6]]"; long axes are shortened.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

// Sweeps from several results at once; seeds as in Tensor::backward. Leaves shared by them get the sum.
void backward(std::span<const Tensor> outputs, std::span<const Tensor> seeds, BackwardOptions options = {});

}  // namespace mosaic
