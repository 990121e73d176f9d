// The convolutions of the simulator's cuDNN against plain loops in f64, and what it refuses.
#include "tests/gpusim/cudnn_support.h"
#include "tests/gpusim/fault.h"
#include "tests/gpusim/memory.h"

using namespace gpusim;
using namespace gpusim::test;

namespace {

struct ConvCase {
  int n, c, h, w, outputs, high, wide;
  int pad_h = 0, pad_w = 0, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1, groups = 1;
  cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  int out_h() const { return (h + 2 * pad_h - dilation_h * (high - 1) - 1) / stride_h + 1; }
  int out_w() const { return (w + 2 * pad_w - dilation_w * (wide - 1) - 1) / stride_w + 1; }
  size_t x_size() const { return static_cast<size_t>(n * c * h * w); }
  size_t w_size() const { return static_cast<size_t>(outputs * c / groups * high * wide); }
  size_t y_size() const { return static_cast<size_t>(n * outputs * out_h() * out_w()); }
};

// By the definition: every output on its own.
Values convolved(const ConvCase& k, const Values& x, const Values& w) {
  Values y;
  const int in = k.c / k.groups, out = k.outputs / k.groups;
  const bool flipped = k.mode == CUDNN_CONVOLUTION;
  for (int b = 0; b < k.n; ++b) {
    for (int o = 0; o < k.outputs; ++o) {
      for (int r = 0; r < k.out_h(); ++r) {
        for (int s = 0; s < k.out_w(); ++s) {
          double sum = 0;
          for (int i = 0; i < in; ++i) {
            for (int p = 0; p < k.high; ++p) {
              for (int q = 0; q < k.wide; ++q) {
                const int row = r * k.stride_h + p * k.dilation_h - k.pad_h,
                          col = s * k.stride_w + q * k.dilation_w - k.pad_w;
                if (row < 0 || row >= k.h || col < 0 || col >= k.w) continue;
                const int pp = flipped ? k.high - 1 - p : p, qq = flipped ? k.wide - 1 - q : q;
                sum += x[static_cast<size_t>(((b * k.c + o / out * in + i) * k.h + row) * k.w + col)] *
                       w[static_cast<size_t>(((o * in + i) * k.high + pp) * k.wide + qq)];
              }
            }
          }
          y.push_back(sum);
        }
      }
    }
  }
  return y;
}

// The three steps of a convolution, with a workspace that is as large as asked for.
template <class T>
struct Conv {
  ConvCase k;
  Handle handle;
  Image<T> x, w, y;
  cudnnFilterDescriptor_t filter = nullptr;
  cudnnConvolutionDescriptor_t desc = nullptr;
  void* workspace = nullptr;
  size_t room = 1 << 16;
  explicit Conv(const ConvCase& k_)
      : k(k_),
        x(k.n, k.c, k.h, k.w, some(k.x_size(), 1)),
        w(k.outputs, k.c / k.groups, k.high, k.wide, some(k.w_size(), 2)),
        y(k.n, k.outputs, k.out_h(), k.out_w(), some(k.y_size(), 3)) {
    GPUSIM_CUDNN(cudnnCreateFilterDescriptor)(&filter);
    CHECK(GPUSIM_CUDNN(cudnnSetFilter4dDescriptor)(filter, type_of<T>, CUDNN_TENSOR_NCHW, k.outputs,
                                                   k.c / k.groups, k.high, k.wide) == CUDNN_STATUS_SUCCESS);
    GPUSIM_CUDNN(cudnnCreateConvolutionDescriptor)(&desc);
    CHECK(GPUSIM_CUDNN(cudnnSetConvolution2dDescriptor)(desc, k.pad_h, k.pad_w, k.stride_h, k.stride_w,
                                                        k.dilation_h, k.dilation_w, k.mode,
                                                        type_of<T>) == CUDNN_STATUS_SUCCESS);
    CHECK(GPUSIM_CUDNN(cudnnSetConvolutionGroupCount)(desc, k.groups) == CUDNN_STATUS_SUCCESS);
    CHECK(GPUSIM_CUDNN(cudnnSetConvolutionMathType)(desc, CUDNN_FMA_MATH) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudaMalloc(&workspace, room) == cudaSuccess);
  }
  Conv(const Conv&) = delete;
  ~Conv() {
    GPUSIM_CUDNN(cudnnDestroyFilterDescriptor)(filter);
    GPUSIM_CUDNN(cudnnDestroyConvolutionDescriptor)(desc);
    cudaFree(workspace);
  }
  cudnnStatus_t forward(cudnnConvolutionFwdAlgo_t algorithm, double alpha = 1, double beta = 0) {
    const Factors<T> f{static_cast<T>(alpha), static_cast<T>(beta)};
    return GPUSIM_CUDNN(cudnnConvolutionForward)(handle.handle, &f.alpha, x.desc, x.device, filter, w.device,
                                                 desc, algorithm, workspace, room, &f.beta, y.desc, y.device);
  }
  cudnnStatus_t input_gradient(cudnnConvolutionBwdDataAlgo_t algorithm, double alpha = 1, double beta = 0) {
    const Factors<T> f{static_cast<T>(alpha), static_cast<T>(beta)};
    return GPUSIM_CUDNN(cudnnConvolutionBackwardData)(handle.handle, &f.alpha, filter, w.device, y.desc,
                                                      y.device, desc, algorithm, workspace, room, &f.beta,
                                                      x.desc, x.device);
  }
  cudnnStatus_t weight_gradient(cudnnConvolutionBwdFilterAlgo_t algorithm, double alpha = 1,
                                double beta = 0) {
    const Factors<T> f{static_cast<T>(alpha), static_cast<T>(beta)};
    return GPUSIM_CUDNN(cudnnConvolutionBackwardFilter)(handle.handle, &f.alpha, x.desc, x.device, y.desc,
                                                        y.device, desc, algorithm, workspace, room, &f.beta,
                                                        filter, w.device);
  }
  size_t forward_room(cudnnConvolutionFwdAlgo_t algorithm) {
    size_t bytes = 0;
    CHECK(GPUSIM_CUDNN(cudnnGetConvolutionForwardWorkspaceSize)(handle.handle, x.desc, filter, desc, y.desc,
                                                                algorithm, &bytes) == CUDNN_STATUS_SUCCESS);
    return bytes;
  }
};

constexpr auto gemm = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
constexpr auto precomputed = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
constexpr auto input_one = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
constexpr auto weight_one = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;

const std::vector<ConvCase> conv_cases{
    {2, 3, 5, 4, 4, 3, 2},
    {1, 2, 4, 3, 3, 3, 3, 1, 2},
    {2, 2, 7, 6, 2, 2, 3, 0, 2, 3, 2},
    {1, 4, 5, 5, 6, 2, 2, 1, 1, 1, 1, 1, 1, 2},
    {1, 2, 7, 8, 2, 3, 2, 1, 0, 1, 2, 2, 3},
    {1, 2, 4, 4, 2, 2, 3, 1, 1, 1, 1, 1, 1, 1, CUDNN_CONVOLUTION},
};

template <class T>
void compare_convolution(const ConvCase& k, double tolerance) {
  Conv<T> c(k);
  const Values x = some(k.x_size(), 1), w = some(k.w_size(), 2), y = some(k.y_size(), 3);
  for (const double beta : {0.0, 0.5}) {
    CAPTURE(beta);
    c.y.put(y);
    CHECK(c.forward(gemm, 2, beta) == CUDNN_STATUS_SUCCESS);
    CHECK(worst_difference(c.y.get(), blended(2, convolved(k, x, w), beta, y)) < tolerance);
    c.y.put(y);
    const cudnnStatus_t data = c.input_gradient(input_one, 2, beta);
    if (data == CUDNN_STATUS_SUCCESS) {
      const Values dx = transposed(x.size(), y, [&](const Values& unit) { return convolved(k, unit, w); });
      CHECK(worst_difference(c.x.get(), blended(2, dx, beta, x)) < tolerance);
    } else {
      CHECK((std::is_same_v<T, double> && k.dilation_h > 1));
    }
    c.x.put(x);
    const cudnnStatus_t weights = c.weight_gradient(weight_one, 2, beta);
    if (weights == CUDNN_STATUS_SUCCESS) {
      const Values dw = transposed(w.size(), y, [&](const Values& unit) { return convolved(k, x, unit); });
      CHECK(worst_difference(c.w.get(), blended(2, dw, beta, w)) < tolerance);
    } else {
      CHECK((std::is_same_v<T, double> && k.groups > 1));
    }
    c.w.put(w);
  }
}

}  // namespace

TEST_CASE("gpusim cuDNN: convolutions and their gradients are those of plain loops") {
  const size_t before = cudnn_objects();
  for (const ConvCase& k : conv_cases) {
    CAPTURE(k.c);
    CAPTURE(k.high);
    compare_convolution<double>(k, 1e-13);
    compare_convolution<float>(k, 2e-6);
  }
  CHECK(cudnn_objects() == before);
}

TEST_CASE("gpusim cuDNN: a bias is added to every image") {
  const Handle handle;
  Image<float> bias(1, 3, 1, 1, {1, 2, 3}), y(2, 3, 1, 2, Values(12, 10));
  const Factors<float> f{2, 1};
  CHECK(GPUSIM_CUDNN(cudnnAddTensor)(handle.handle, &f.alpha, bias.desc, bias.device, &f.beta, y.desc,
                                     y.device) == CUDNN_STATUS_SUCCESS);
  CHECK(y.get() == Values{12, 12, 14, 14, 16, 16, 12, 12, 14, 14, 16, 16});
  refused(GPUSIM_CUDNN(cudnnAddTensor)(handle.handle, &f.alpha, y.desc, y.device, &f.beta, bias.desc,
                                       bias.device),
          CUDNN_STATUS_BAD_PARAM, "neither that of c nor 1");
}

TEST_CASE("gpusim cuDNN: working memory is of the size asked for, and written over") {
  Conv<float> c(conv_cases[0]);
  CHECK(c.forward_room(gemm) == 0);
  const size_t bytes = c.forward_room(precomputed);
  REQUIRE(bytes > 0);
  CHECK(c.forward(precomputed) == CUDNN_STATUS_SUCCESS);
  std::vector<unsigned char> left(bytes);
  cudaMemcpy(left.data(), c.workspace, bytes, cudaMemcpyDeviceToHost);
  CHECK(left == std::vector<unsigned char>(bytes, 0xff));
  c.room = bytes - 1;
  refused(c.forward(precomputed), CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, "needs a workspace of");
  CHECK(c.forward(gemm) == CUDNN_STATUS_SUCCESS);
  c.room = bytes;
  void* const workspace = c.workspace;
  c.workspace = nullptr;
  refused(c.forward(precomputed), CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "workspace is null");
  c.workspace = c.y.device;
  c.room = c.y.bytes();
  CHECK_THROWS_WITH_AS(c.input_gradient(input_one), doctest::Contains("overlaps the workspace"), Fault);
  c.workspace = workspace;
}

TEST_CASE("gpusim cuDNN: tensor cores see eleven bits of f32") {
  Conv<float> c({1, 1, 1, 1, 1, 1, 1});
  c.x.put({1 + std::ldexp(1.0, -20)});
  c.w.put({1});
  CHECK(c.forward(gemm) == CUDNN_STATUS_SUCCESS);
  CHECK(c.y.get()[0] == 1 + std::ldexp(1.0, -20));
  CHECK(GPUSIM_CUDNN(cudnnSetConvolutionMathType)(c.desc, CUDNN_DEFAULT_MATH) == CUDNN_STATUS_SUCCESS);
  CHECK(c.forward(gemm) == CUDNN_STATUS_SUCCESS);
  CHECK(c.y.get()[0] == 1);
}

TEST_CASE("gpusim cuDNN: convolutions that do not fit are refused with the reason") {
  constexpr auto wrong = CUDNN_STATUS_BAD_PARAM, unsupported = CUDNN_STATUS_NOT_SUPPORTED;
  Conv<float> c(conv_cases[0]);
  CHECK(c.forward(gemm) == CUDNN_STATUS_SUCCESS);
  refused(c.forward(CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD), unsupported, "transforms");
  refused(c.input_gradient(CUDNN_CONVOLUTION_BWD_DATA_ALGO_0), unsupported, "no fixed order");
  refused(c.weight_gradient(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3), unsupported, "no fixed order");
  CHECK(GPUSIM_CUDNN(cudnnSetConvolutionGroupCount)(c.desc, 3) == CUDNN_STATUS_SUCCESS);
  refused(c.forward(gemm), wrong, "x has 3 channels, the filter 3 in 3 groups");
  CHECK(GPUSIM_CUDNN(cudnnSetConvolutionGroupCount)(c.desc, 1) == CUDNN_STATUS_SUCCESS);
  const auto set = GPUSIM_CUDNN(cudnnSetTensor4dDescriptor);
  CHECK(set(c.y.desc, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 4, 3, 2) == CUDNN_STATUS_SUCCESS);
  refused(c.forward(gemm), wrong, "y is not the size of the result");
  CHECK(set(c.y.desc, CUDNN_TENSOR_NCHW, CUDNN_DATA_DOUBLE, 2, 4, 3, 3) == CUDNN_STATUS_SUCCESS);
  refused(c.forward(gemm), wrong, "different types");
  refused(set(c.y.desc, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 4, 3, 3), unsupported, "only NCHW");
  refused(GPUSIM_CUDNN(cudnnSetStream)(c.handle.handle, reinterpret_cast<cudaStream_t>(64)), wrong, "stream");
  refused(GPUSIM_CUDNN(cudnnDestroy)(nullptr), wrong, "not there");
  CHECK(cudnn_symbol("cudnnNothing") == nullptr);
}

TEST_CASE("gpusim cuDNN: operands are live, within bounds, written, and not where results go") {
  Conv<float> c(conv_cases[0]);
  Image<float> fresh(c.k.n, c.k.c, c.k.h, c.k.w);
  float* const x = c.x.device;
  c.x.device = fresh.device;
  CHECK_THROWS_WITH_AS(c.forward(gemm), doctest::Contains("x was never written at byte 0"), Fault);
  CHECK(c.input_gradient(input_one) == CUDNN_STATUS_SUCCESS);
  CHECK(Memory::device().first_unwritten(fresh.device, fresh.bytes()) == nullptr);
  c.x.device = x + 1;
  CHECK_THROWS_WITH_AS(c.forward(gemm), doctest::Contains("reach beyond the allocation"), Fault);
  c.x.device = c.y.device;
  CHECK_THROWS_AS(c.forward(gemm), Fault);
  c.x.device = nullptr;
  refused(c.forward(gemm), CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "x is null");
  c.x.device = x;
  Image<float> y(c.y.n, c.y.c, c.y.h, c.y.w);
  std::swap(y.device, c.y.device);
  CHECK_THROWS_WITH_AS(c.forward(gemm, 1, 1), doctest::Contains("y was never written"), Fault);
  CHECK(c.forward(gemm) == CUDNN_STATUS_SUCCESS);
  std::swap(y.device, c.y.device);
}

TEST_CASE("gpusim cuDNN: work runs in the order of the handle's stream") {
  Conv<float> c(conv_cases[0]);
  Image<float> y(c.y.n, c.y.c, c.y.h, c.y.w);
  std::swap(y.device, c.y.device);
  cudaStream_t stream = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  CHECK(GPUSIM_CUDNN(cudnnSetStream)(c.handle.handle, stream) == CUDNN_STATUS_SUCCESS);
  options().deferred = true;
  CHECK(c.forward(gemm) == CUDNN_STATUS_SUCCESS);
  CHECK(Memory::device().first_unwritten(c.y.device, c.y.bytes()) == c.y.device);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(Memory::device().first_unwritten(c.y.device, c.y.bytes()) == nullptr);
  options().deferred = false;
  std::swap(y.device, c.y.device);
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
}
