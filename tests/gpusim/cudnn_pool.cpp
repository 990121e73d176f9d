// cuDNN's average pooling.
#include <algorithm>
#include <map>

#include "tests/gpusim/cudnn.h"

namespace gpusim::dnn {
namespace {

cudnnStatus_t check_pool(cudnnPoolingDescriptor_t pool, cudnnTensorDescriptor_t x_desc,
                         cudnnTensorDescriptor_t y_desc, Pooling& p, Tensor& x, Tensor& y) {
  const Pooling* pooling = find(pool);
  const Tensor *tx = find(x_desc), *ty = find(y_desc);
  if (!pooling || !tx || !ty) return bad("a descriptor is not there, or not set");
  p = *pooling;
  x = *tx;
  y = *ty;
  if (x.type != y.type) return bad("x and y are of different types");
  if (x.type != CUDNN_DATA_FLOAT && x.type != CUDNN_DATA_DOUBLE) {
    return unsupported("only f32 and f64 are simulated");
  }
  if (x.n > most_images) return unsupported("there are more than 65535 images");
  Tensor expected;
  const cudnnStatus_t status = output_size(p, x, expected);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (!(expected == y)) return bad("y is not the size of the result");
  return p.mode == CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING ||
                 p.mode == CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING
             ? status
             : unsupported("maxima are not simulated");
}

// f(place in x, place in y, what the window's sum is divided by) for every input of every window.
template <class F>
void each_term(const Pooling& p, const Tensor& x, const Tensor& y, const F& f) {
  const bool counts_padding = p.mode == CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
  size_t at = 0;  // in y
  for (int plane = 0; plane < y.n * y.c; ++plane) {
    for (int r = 0; r < y.h; ++r) {
      for (int c = 0; c < y.w; ++c, ++at) {
        const int top = r * p.stride_h - p.pad_h, left = c * p.stride_w - p.pad_w;
        const int first_row = std::max(top, 0), last_row = std::min(top + p.high, x.h),
                  first_col = std::max(left, 0), last_col = std::min(left + p.wide, x.w);
        const int count = counts_padding ? p.high * p.wide : (last_row - first_row) * (last_col - first_col);
        for (int row = first_row; row < last_row; ++row) {
          for (int col = first_col; col < last_col; ++col) {
            const size_t line =
                static_cast<size_t>(plane) * static_cast<size_t>(x.h) + static_cast<size_t>(row);
            f(line * static_cast<size_t>(x.w) + static_cast<size_t>(col), at, count);
          }
        }
      }
    }
  }
}

template <class T>
void store(const std::vector<T>& sums, T* to, double alpha, double beta) {
  for (size_t i = 0; i < sums.size(); ++i) {
    const T value = static_cast<T>(alpha) * sums[i];
    to[i] = beta != 0 ? value + static_cast<T>(beta) * to[i] : value;
  }
}

cudnnStatus_t forward(cudnnHandle_t handle, cudnnPoolingDescriptor_t pool, const void* alpha,
                      cudnnTensorDescriptor_t x_desc, const void* x, const void* beta,
                      cudnnTensorDescriptor_t y_desc, void* y) {
  Pooling p;
  Tensor tx, ty;
  const cudnnStatus_t status = check_pool(pool, x_desc, y_desc, p, tx, ty);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (!alpha || !beta) return bad("a factor is null");
  const double first = factor(alpha, tx.type), second = factor(beta, tx.type);
  return queue("cudnnPoolingForward", handle,
               {{"x", x, tx.bytes(), true}, {"y", y, ty.bytes(), second != 0, true}},
               [p, tx, ty, x, y, first, second] {
                 visit(tx.type, [&](auto t) {
                   using T = decltype(t);
                   std::vector<T> sums(ty.elements());
                   std::vector<int> counts(ty.elements(), 1);
                   each_term(p, tx, ty, [&](size_t i, size_t o, int count) {
                     sums[o] += static_cast<const T*>(x)[i];
                     counts[o] = count;
                   });
                   for (size_t o = 0; o < sums.size(); ++o) sums[o] /= static_cast<T>(counts[o]);
                   store(sums, static_cast<T*>(y), first, second);
                 });
               });
}

cudnnStatus_t backward(cudnnHandle_t handle, cudnnPoolingDescriptor_t pool, const void* alpha,
                       cudnnTensorDescriptor_t y_desc, const void* y, cudnnTensorDescriptor_t dy_desc,
                       const void* dy, cudnnTensorDescriptor_t x_desc, const void* x, const void* beta,
                       cudnnTensorDescriptor_t dx_desc, void* dx) {
  Pooling p;
  Tensor tx, ty;
  const cudnnStatus_t status = check_pool(pool, x_desc, y_desc, p, tx, ty);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  const Tensor *tdx = find(dx_desc), *tdy = find(dy_desc);
  if (!tdx || !tdy || !(*tdx == tx) || !(*tdy == ty)) return bad("a gradient is not as its tensor");
  if (!alpha || !beta) return bad("a factor is null");
  const double first = factor(alpha, tx.type), second = factor(beta, tx.type);
  return queue("cudnnPoolingBackward", handle,
               {{"y", y, ty.bytes(), false},
                {"dy", dy, ty.bytes(), true},
                {"x", x, tx.bytes(), false},
                {"dx", dx, tx.bytes(), second != 0, true}},
               [p, tx, ty, dy, dx, first, second] {
                 visit(tx.type, [&](auto t) {
                   using T = decltype(t);
                   std::vector<T> sums(tx.elements());
                   each_term(p, tx, ty, [&](size_t i, size_t o, int count) {
                     sums[i] += static_cast<const T*>(dy)[o] / static_cast<T>(count);
                   });
                   store(sums, static_cast<T*>(dx), first, second);
                 });
               });
}

}  // namespace

void* pool_symbol(const char* name) {
  static const std::map<std::string, void*> functions{
      {"cudnnPoolingForward", reinterpret_cast<void*>(forward)},
      {"cudnnPoolingBackward", reinterpret_cast<void*>(backward)},
  };
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}

}  // namespace gpusim::dnn
