// What is described to cuDNN before a computation. The checks are the library's, as
// cuda/cudnn_library_test.cpp finds where it is installed.
#include <limits>
#include <map>

#include "tests/gpusim/cudnn.h"
#include "tests/gpusim/objects.h"

namespace gpusim {

size_t cudnn_objects() {
  using namespace dnn;
  return Objects<Context>::instance().size() + Objects<Tensor>::instance().size() +
         Objects<Filter>::instance().size() + Objects<Convolution>::instance().size() +
         Objects<Pooling>::instance().size();
}

namespace dnn {
namespace {

template <class T, class Handle>
cudnnStatus_t create(Handle* handle) {
  if (!handle) return bad("no place for a descriptor");
  Objects<T>::instance().add(handle, {});
  return CUDNN_STATUS_SUCCESS;
}
template <class T, class Handle>
cudnnStatus_t destroy(Handle handle) {
  if (handle == nullptr || Objects<T>::instance().remove(handle)) return CUDNN_STATUS_SUCCESS;
  return bad("what is destroyed is not there");
}

// Its values, or null before they are set.
template <class T, class Handle>
const T* known(Handle handle) {
  const T* object = Objects<T>::instance().find(handle);
  return object && object->is_set() ? object : nullptr;
}

bool is_type(int type) {
  return type >= CUDNN_DATA_FLOAT && type <= CUDNN_DATA_COMPLEX_FP64;
}

cudnnStatus_t set_values(Tensor* t, cudnnTensorFormat_t format, cudnnDataType_t type, int n, int c, int h,
                         int w) {
  if (!t) return bad("no such descriptor");
  if (n <= 0 || c <= 0 || h <= 0 || w <= 0) return bad("an extent is not positive");
  if (!is_type(type)) return bad("no such type");
  if (format < CUDNN_TENSOR_NCHW || format > CUDNN_TENSOR_NCHW_VECT_C) return bad("no such format");
  if (format != CUDNN_TENSOR_NCHW) return unsupported("only NCHW is simulated");
  const auto elements = static_cast<double>(n) * c * h * w;
  if (elements > std::numeric_limits<int>::max()) return unsupported("2^31 elements or more");
  t->type = type;
  t->n = n;
  t->c = c;
  t->h = h;
  t->w = w;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t set_tensor(cudnnTensorDescriptor_t handle, cudnnTensorFormat_t format, cudnnDataType_t type,
                         int n, int c, int h, int w) {
  return set_values(Objects<Tensor>::instance().find(handle), format, type, n, c, h, w);
}
cudnnStatus_t set_filter(cudnnFilterDescriptor_t handle, cudnnDataType_t type, cudnnTensorFormat_t format,
                         int k, int c, int h, int w) {
  return set_values(Objects<Filter>::instance().find(handle), format, type, k, c, h, w);
}

cudnnStatus_t set_convolution(cudnnConvolutionDescriptor_t handle, int pad_h, int pad_w, int u, int v,
                              int dilation_h, int dilation_w, cudnnConvolutionMode_t mode,
                              cudnnDataType_t type) {
  Convolution* c = Objects<Convolution>::instance().find(handle);
  if (!c) return bad("no such descriptor");
  if (pad_h < 0 || pad_w < 0) return bad("padding is negative");
  if (u <= 0 || v <= 0 || dilation_h <= 0 || dilation_w <= 0) {
    return bad("a stride or a dilation is not positive");
  }
  if (mode != CUDNN_CONVOLUTION && mode != CUDNN_CROSS_CORRELATION) return bad("no such mode");
  switch (type) {
    case CUDNN_DATA_FLOAT:
    case CUDNN_DATA_DOUBLE:
    case CUDNN_DATA_HALF:
    case CUDNN_DATA_INT32:
    case CUDNN_DATA_FAST_FLOAT_FOR_FP8:
      break;
    default:
      return bad("no type to sum in");
  }
  *c = {type, pad_h, pad_w, u, v, dilation_h, dilation_w, c->groups, mode, c->math};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t set_groups(cudnnConvolutionDescriptor_t handle, int groups) {
  Convolution* c = Objects<Convolution>::instance().find(handle);
  if (!c || groups < 1) return bad("no such descriptor, or no groups");
  c->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t set_math(cudnnConvolutionDescriptor_t handle, cudnnMathType_t math) {
  Convolution* c = Objects<Convolution>::instance().find(handle);
  if (!c || math < CUDNN_DEFAULT_MATH || math > CUDNN_FMA_MATH)
    return bad("no such descriptor, or no such arithmetic");
  c->math = math;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t set_pooling(cudnnPoolingDescriptor_t handle, cudnnPoolingMode_t mode, cudnnNanPropagation_t nan,
                          int high, int wide, int pad_h, int pad_w, int stride_h, int stride_w) {
  Pooling* p = Objects<Pooling>::instance().find(handle);
  if (!p) return bad("no such descriptor");
  if (mode < CUDNN_POOLING_MAX || mode > CUDNN_POOLING_MAX_DETERMINISTIC) return bad("no such mode");
  if (nan != CUDNN_NOT_PROPAGATE_NAN && nan != CUDNN_PROPAGATE_NAN) return bad("NaN: neither yes nor no");
  if (high <= 0 || wide <= 0 || stride_h <= 0 || stride_w <= 0) {
    return bad("a window's extent or stride is not positive");
  }
  *p = {mode, high, wide, pad_h, pad_w, stride_h, stride_w};
  return CUDNN_STATUS_SUCCESS;
}

// The windows along an axis; 0 when not even one fits.
int windows(int in, int kernel, int stride, int padding, int dilation) {
  const int free = in + 2 * padding - dilation * (kernel - 1) - 1;
  return free < 0 ? 0 : free / stride + 1;
}

cudnnStatus_t give(cudnnStatus_t status, const Tensor& y, int* n, int* c, int* h, int* w) {
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (!n || !c || !h || !w) return bad("no place for the sizes");
  *n = y.n;
  *c = y.c;
  *h = y.h;
  *w = y.w;
  return status;
}
cudnnStatus_t conv_output(cudnnConvolutionDescriptor_t conv, cudnnTensorDescriptor_t x_desc,
                          cudnnFilterDescriptor_t filter, int* n, int* c, int* h, int* w) {
  const Convolution* k = find(conv);
  const Tensor* x = find(x_desc);
  const Filter* f = find(filter);
  if (!k || !x || !f) return bad("a descriptor is not there, or not set");
  Tensor y;
  return give(output_size(*k, *x, *f, y), y, n, c, h, w);
}
cudnnStatus_t pool_output(cudnnPoolingDescriptor_t pool, cudnnTensorDescriptor_t x_desc, int* n, int* c,
                          int* h, int* w) {
  const Pooling* p = find(pool);
  const Tensor* x = find(x_desc);
  if (!p || !x) return bad("a descriptor is not there, or not set");
  Tensor y;
  return give(output_size(*p, *x, y), y, n, c, h, w);
}

}  // namespace

size_t Tensor::elements() const {
  return static_cast<size_t>(n) * static_cast<size_t>(c) * static_cast<size_t>(h) * static_cast<size_t>(w);
}
size_t Tensor::bytes() const {
  return elements() * (type == CUDNN_DATA_DOUBLE ? 8 : 4);
}

const Tensor* find(cudnnTensorDescriptor_t tensor) {
  return known<Tensor>(tensor);
}
const Filter* find(cudnnFilterDescriptor_t filter) {
  return known<Filter>(filter);
}
const Convolution* find(cudnnConvolutionDescriptor_t convolution) {
  return known<Convolution>(convolution);
}
const Pooling* find(cudnnPoolingDescriptor_t pooling) {
  return known<Pooling>(pooling);
}

cudnnStatus_t output_size(const Convolution& c, const Tensor& x, const Filter& w, Tensor& y) {
  if (x.c != c.groups * w.c) {
    return bad("x has " + std::to_string(x.c) + " channels, the filter " + std::to_string(w.c) + " in " +
               std::to_string(c.groups) + " groups");
  }
  y = {x.type, x.n, w.n, windows(x.h, w.h, c.stride_h, c.pad_h, c.dilation_h),
       windows(x.w, w.w, c.stride_w, c.pad_w, c.dilation_w)};
  return y.h > 0 && y.w > 0 ? CUDNN_STATUS_SUCCESS : bad("no window fits");
}
cudnnStatus_t output_size(const Pooling& p, const Tensor& x, Tensor& y) {
  y = {x.type, x.n, x.c, windows(x.h, p.high, p.stride_h, p.pad_h, 1),
       windows(x.w, p.wide, p.stride_w, p.pad_w, 1)};
  return y.h > 0 && y.w > 0 ? CUDNN_STATUS_SUCCESS : bad("no window fits");
}

void* descriptor_symbol(const char* name) {
  static const std::map<std::string, void*> functions{
      {"cudnnCreateTensorDescriptor", reinterpret_cast<void*>(create<Tensor, cudnnTensorDescriptor_t>)},
      {"cudnnSetTensor4dDescriptor", reinterpret_cast<void*>(set_tensor)},
      {"cudnnDestroyTensorDescriptor", reinterpret_cast<void*>(destroy<Tensor, cudnnTensorDescriptor_t>)},
      {"cudnnCreateFilterDescriptor", reinterpret_cast<void*>(create<Filter, cudnnFilterDescriptor_t>)},
      {"cudnnSetFilter4dDescriptor", reinterpret_cast<void*>(set_filter)},
      {"cudnnDestroyFilterDescriptor", reinterpret_cast<void*>(destroy<Filter, cudnnFilterDescriptor_t>)},
      {"cudnnCreateConvolutionDescriptor",
       reinterpret_cast<void*>(create<Convolution, cudnnConvolutionDescriptor_t>)},
      {"cudnnSetConvolution2dDescriptor", reinterpret_cast<void*>(set_convolution)},
      {"cudnnSetConvolutionGroupCount", reinterpret_cast<void*>(set_groups)},
      {"cudnnSetConvolutionMathType", reinterpret_cast<void*>(set_math)},
      {"cudnnDestroyConvolutionDescriptor",
       reinterpret_cast<void*>(destroy<Convolution, cudnnConvolutionDescriptor_t>)},
      {"cudnnGetConvolution2dForwardOutputDim", reinterpret_cast<void*>(conv_output)},
      {"cudnnCreatePoolingDescriptor", reinterpret_cast<void*>(create<Pooling, cudnnPoolingDescriptor_t>)},
      {"cudnnSetPooling2dDescriptor", reinterpret_cast<void*>(set_pooling)},
      {"cudnnDestroyPoolingDescriptor", reinterpret_cast<void*>(destroy<Pooling, cudnnPoolingDescriptor_t>)},
      {"cudnnGetPooling2dForwardOutputDim", reinterpret_cast<void*>(pool_output)},
  };
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}

}  // namespace dnn
}  // namespace gpusim
