#include "engine/cuda/cudnn_descriptors.h"

#include <limits>
#include <ostream>

namespace mosaic::kernels {

namespace {
void write_windows(std::ostream& out, const WindowAxis& rows, const WindowAxis& cols) {
  out << "stride {" << rows.stride << ", " << cols.stride << "}, padding {" << rows.padding << ", "
      << cols.padding << "}, dilation {" << rows.dilation << ", " << cols.dilation << '}';
}
}  // namespace

std::ostream& operator<<(std::ostream& out, const ConvShape& s) {
  out << "x {" << s.batch << ", " << s.channels << ", " << s.rows.in << ", " << s.cols.in << "}, weight {"
      << s.out_channels << ", " << s.channels / s.groups << ", " << s.rows.kernel << ", " << s.cols.kernel
      << "} " << s.dtype << ", " << s.groups << " groups, ";
  write_windows(out, s.rows, s.cols);
  return out;
}
std::ostream& operator<<(std::ostream& out, const PoolShape& s) {
  out << "planes {" << s.planes << ", " << s.rows.in << ", " << s.cols.in << "} " << s.dtype << ", windows {"
      << s.rows.kernel << ", " << s.cols.kernel << "}, ";
  write_windows(out, s.rows, s.cols);
  return out;
}

}  // namespace mosaic::kernels

namespace mosaic::cuda {
namespace {

using kernels::ConvShape;
using kernels::PoolShape;

int as_int(int64_t value) {
  if (value < 0 || value > std::numeric_limits<int>::max()) throw NotSupported{};
  return static_cast<int>(value);
}
// An extent of a tensor: the library knows no empty ones.
int as_size(int64_t value) {
  if (value == 0) throw NotSupported{};
  return as_int(value);
}

cudnnDataType_t type_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return CUDNN_DATA_FLOAT;
    case DType::f64:
      return CUDNN_DATA_DOUBLE;
    default:
      throw NotSupported{};
  }
}

template <class Struct>
CudnnOwned<Struct> made(const Cudnn& library, cudnnStatus_t (*create)(Struct**),
                        cudnnStatus_t (*destroy)(Struct*)) {
  Struct* descriptor = nullptr;
  check_cudnn(library, create(&descriptor), "cudnn", "a descriptor");
  return {descriptor, destroy};
}

// Planes as images of so many channels: the library pools at most 65535 images at once. 1 where no number of
// channels will do.
int64_t channels_of(int64_t planes) {
  constexpr int64_t most = 65535;
  for (int64_t channels = (planes + most - 1) / most; channels > 0 && channels <= most; ++channels) {
    if (planes % channels == 0) return channels;
  }
  return 1;
}

// The sizes of results, which the library computes too: were they not ours, it would write elsewhere.
void check_output(const char* op, const kernels::WindowAxis& rows, const kernels::WindowAxis& cols,
                  int64_t high, int64_t wide) {
  check<BackendError>(high == rows.out && wide == cols.out, op, "cuDNN's result is {", high, ", ", wide,
                      "}, ours {", rows.out, ", ", cols.out, "}");
}

}  // namespace

CudnnTensor cudnn_tensor(const Cudnn& library, DType dtype, int64_t n, int64_t c, int64_t h, int64_t w) {
  CudnnTensor tensor = made(library, library.tensor_create, library.tensor_destroy);
  check_cudnn(library,
              library.tensor_set(tensor.get(), CUDNN_TENSOR_NCHW, type_of(dtype), as_size(n), as_size(c),
                                 as_size(h), as_size(w)),
              "cudnn", "a tensor {", n, ", ", c, ", ", h, ", ", w, "} ", dtype);
  return tensor;
}

CudnnConv describe(const Cudnn& library, const ConvShape& s) {
  const cudnnDataType_t type = type_of(s.dtype);
  CudnnConv d{cudnn_tensor(library, s.dtype, s.batch, s.channels, s.rows.in, s.cols.in),
              cudnn_tensor(library, s.dtype, s.batch, s.out_channels, s.rows.out, s.cols.out),
              cudnn_tensor(library, s.dtype, 1, s.out_channels, 1, 1),
              made(library, library.filter_create, library.filter_destroy),
              made(library, library.conv_create, library.conv_destroy)};
  const auto done = [&](cudnnStatus_t status) { check_cudnn(library, status, "conv", s); };
  done(library.filter_set(d.weight.get(), type, CUDNN_TENSOR_NCHW, as_size(s.out_channels),
                          as_size(s.channels / s.groups), as_size(s.rows.kernel), as_size(s.cols.kernel)));
  done(library.conv_set(d.windows.get(), as_int(s.rows.padding), as_int(s.cols.padding),
                        as_int(s.rows.stride), as_int(s.cols.stride), as_int(s.rows.dilation),
                        as_int(s.cols.dilation), CUDNN_CROSS_CORRELATION, type));
  done(library.conv_set_groups(d.windows.get(), as_int(s.groups)));
  done(library.conv_set_math(d.windows.get(), CUDNN_FMA_MATH));
  int n = 0, c = 0, high = 0, wide = 0;
  done(library.conv_output(d.windows.get(), d.x.get(), d.weight.get(), &n, &c, &high, &wide));
  check_output("conv", s.rows, s.cols, high, wide);
  return d;
}

CudnnPool describe(const Cudnn& library, const PoolShape& s, cudnnPoolingMode_t mode) {
  const int64_t channels = channels_of(s.planes), images = s.planes / channels;
  CudnnPool d{cudnn_tensor(library, s.dtype, images, channels, s.rows.in, s.cols.in),
              cudnn_tensor(library, s.dtype, images, channels, s.rows.out, s.cols.out),
              made(library, library.pool_create, library.pool_destroy)};
  const auto done = [&](cudnnStatus_t status) { check_cudnn(library, status, "pool", s); };
  done(library.pool_set(d.windows.get(), mode, CUDNN_PROPAGATE_NAN, as_int(s.rows.kernel),
                        as_int(s.cols.kernel), as_int(s.rows.padding), as_int(s.cols.padding),
                        as_int(s.rows.stride), as_int(s.cols.stride)));
  int n = 0, c = 0, high = 0, wide = 0;
  done(library.pool_output(d.windows.get(), d.x.get(), &n, &c, &high, &wide));
  check_output("pool", s.rows, s.cols, high, wide);
  return d;
}

const void* cudnn_one(DType dtype) {
  static constexpr float single = 1;
  static constexpr double wide = 1;
  return dtype == f64 ? static_cast<const void*>(&wide) : &single;
}
const void* cudnn_zero(DType dtype) {
  static constexpr float single = 0;
  static constexpr double wide = 0;
  return dtype == f64 ? static_cast<const void*>(&wide) : &single;
}

}  // namespace mosaic::cuda
