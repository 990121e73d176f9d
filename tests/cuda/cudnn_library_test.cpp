// The installed cuDNN, where there is one, without a GPU: it has every function of the table, takes the
// descriptions of our layers, gives results the sizes that we do, and refuses what the simulated one refuses,
// with the same kind of error. More cannot be asked: its handles, and with them algorithms and working
// memory, need a device.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/cuda/cudnn_descriptors.h"
#include "engine/engine.h"

using namespace mosaic;
using mosaic::cuda::Cudnn;

namespace gpusim {
void* cudnn_symbol(const char* name);
}

namespace {

std::optional<Cudnn> installed() {
  try {
    const auto symbols = mosaic::cuda::load_library(cat("libcudnn.so.", CUDNN_MAJOR), "cudnn", "this test");
    return mosaic::cuda::cudnn_from(symbols);
  } catch (const BackendError& error) {
    MESSAGE("not compared: ", error.what());
    return std::nullopt;
  }
}

// A descriptor that destroys itself.
template <class Struct>
mosaic::cuda::CudnnOwned<Struct> made(cudnnStatus_t (*create)(Struct**), cudnnStatus_t (*destroy)(Struct*)) {
  Struct* descriptor = nullptr;
  REQUIRE(create(&descriptor) == CUDNN_STATUS_SUCCESS);
  return {descriptor, destroy};
}

// The answers of a library to right and wrong values: kinds of errors, and sizes where there are some. Sizes
// are asked for of right windows only, as refused ones leave a descriptor in a state of their own.
class Answers {
 public:
  explicit Answers(const Cudnn& library) : l_(library) {}
  std::vector<std::string> all;  // "tensor 0 2 3 7 6: 0"

  void tensor(int type, int n, int c, int high, int wide) {
    take(cat("tensor ", type, ' ', n, ' ', c, ' ', high, ' ', wide),
         l_.tensor_set(x_.get(), CUDNN_TENSOR_NCHW, static_cast<cudnnDataType_t>(type), n, c, high, wide));
  }
  void filter(int type, int k, int c, int high, int wide) {
    take(cat("filter ", type, ' ', k, ' ', c, ' ', high, ' ', wide),
         l_.filter_set(w_.get(), static_cast<cudnnDataType_t>(type), CUDNN_TENSOR_NCHW, k, c, high, wide));
  }
  void windows(int pad, int stride, int dilation, int mode, int type) {
    const cudnnStatus_t status =
        l_.conv_set(conv_.get(), pad, 0, 1, stride, dilation, 1, static_cast<cudnnConvolutionMode_t>(mode),
                    static_cast<cudnnDataType_t>(type));
    if (take(cat("windows ", pad, ' ', stride, ' ', dilation, ' ', mode, ' ', type), status)) output();
  }
  void groups(int groups) {
    if (take(cat("groups ", groups), l_.conv_set_groups(conv_.get(), groups))) output();
  }
  void math(int math) {
    take(cat("math ", math), l_.conv_set_math(conv_.get(), static_cast<cudnnMathType_t>(math)));
  }
  void output() {
    int s[4] = {};
    take("output", l_.conv_output(conv_.get(), x_.get(), w_.get(), s, s + 1, s + 2, s + 3), s);
  }
  void pooling(int mode, int nan, int window, int pad, int stride) {
    const cudnnStatus_t status =
        l_.pool_set(pool_.get(), static_cast<cudnnPoolingMode_t>(mode),
                    static_cast<cudnnNanPropagation_t>(nan), window, 2, pad, 0, 1, stride);
    int s[4] = {};
    if (take(cat("pooling ", mode, ' ', nan, ' ', window, ' ', pad, ' ', stride), status)) {
      take("pooled", l_.pool_output(pool_.get(), x_.get(), s, s + 1, s + 2, s + 3), s);
    }
  }
  void nothing() {
    take("no place", l_.tensor_create(nullptr));
    take("no tensor", l_.tensor_set(nullptr, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 1, 1, 1));
    take("nothing to destroy", l_.tensor_destroy(nullptr));
    size_t bytes = 0;
    take("no handle", l_.forward_workspace(nullptr, x_.get(), w_.get(), conv_.get(), x_.get(),
                                           CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, &bytes));
  }

 private:
  bool take(const std::string& question, cudnnStatus_t status, const int* sizes = nullptr) {
    all.push_back(cat(question, ": ", CUDNN_STATUS_CATEGORY(static_cast<int>(status))));
    const bool good = status == CUDNN_STATUS_SUCCESS;
    for (int i = 0; good && sizes && i < 4; ++i) all.back() += cat(' ', sizes[i]);
    return good;
  }

  const Cudnn& l_;
  mosaic::cuda::CudnnTensor x_ = made(l_.tensor_create, l_.tensor_destroy);
  mosaic::cuda::CudnnOwned<cudnnFilterStruct> w_ = made(l_.filter_create, l_.filter_destroy);
  mosaic::cuda::CudnnOwned<cudnnConvolutionStruct> conv_ = made(l_.conv_create, l_.conv_destroy);
  mosaic::cuda::CudnnOwned<cudnnPoolingStruct> pool_ = made(l_.pool_create, l_.pool_destroy);
};

std::vector<std::string> answers(const Cudnn& library) {
  constexpr int f = CUDNN_DATA_FLOAT, d = CUDNN_DATA_DOUBLE, cross = CUDNN_CROSS_CORRELATION;
  Answers a(library);
  for (const int extent : {0, -1, 7}) a.tensor(f, 2, 3, extent, 6);
  a.tensor(99, 2, 3, 7, 6);
  a.tensor(d, 1 << 16, 1 << 15, 1, 1);  // 2^31 elements
  a.tensor(d, 1 << 16, (1 << 15) - 1, 1, 1);
  a.tensor(f, 2, 3, 7, 6);
  a.filter(f, 4, 3, 3, 2);
  a.output();  // of windows that are not described yet
  for (const int pad : {-1, 0, 2}) a.windows(pad, 1, 1, cross, f);
  for (const int stride : {0, -1, 2}) a.windows(0, stride, 1, cross, f);
  for (const int dilation : {0, 3, 4, 1}) a.windows(0, 1, dilation, cross, f);
  a.windows(0, 1, 1, 7, f);
  a.windows(0, 1, 1, CUDNN_CONVOLUTION, CUDNN_DATA_INT8);
  a.windows(0, 1, 1, cross, d);
  for (const int groups : {0, -2, 3, 1}) a.groups(groups);
  for (const int math : {-1, 0, 3, 4}) a.math(math);
  a.filter(f, 0, 3, 3, 2);
  a.filter(f, 4, 5, 3, 2);  // more channels than x
  a.output();
  for (const int mode : {-1, 0, 1, 2, 3, 4}) a.pooling(mode, CUDNN_PROPAGATE_NAN, 3, 1, 2);
  for (const int nan : {-1, 0, 2}) a.pooling(CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING, nan, 2, 1, 1);
  for (const int window : {0, 1, 9}) a.pooling(CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING, 1, window, 0, 1);
  for (const int stride : {0, 3}) a.pooling(CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING, 1, 2, 0, stride);
  a.nothing();
  return a.all;
}

// An axis of windows, by numbers from the generator.
kernels::WindowAxis random_axis(Generator& rng, bool dilated) {
  const auto draw = [&rng](int64_t least, int64_t most) {
    return least + static_cast<int64_t>(rng.below(static_cast<uint64_t>(most - least + 1)));
  };
  kernels::WindowAxis axis{.in = draw(1, 40)};
  axis.kernel = draw(1, 5), axis.stride = draw(1, 4), axis.padding = draw(0, axis.kernel - 1);
  axis.dilation = dilated ? draw(1, 3) : 1;
  axis.in = std::max(axis.in, axis.dilation * (axis.kernel - 1) + 1);
  axis.out = (axis.in + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1) / axis.stride + 1;
  return axis;
}

}  // namespace

TEST_CASE("cuda: the installed cuDNN takes our descriptions and gives our sizes") {
  const std::optional<Cudnn> real = installed();
  if (!real) return;
  const Cudnn simulated = mosaic::cuda::cudnn_from(gpusim::cudnn_symbol);
  Generator rng(11);
  for (int i = 0; i < 500; ++i) {
    CAPTURE(i);
    const auto groups = static_cast<int64_t>(1 + rng.below(3));
    const kernels::ConvShape conv{.dtype = i % 2 == 0 ? f32 : f64,
                                  .batch = static_cast<int64_t>(1 + rng.below(5)),
                                  .channels = groups * static_cast<int64_t>(1 + rng.below(3)),
                                  .out_channels = groups * static_cast<int64_t>(1 + rng.below(3)),
                                  .groups = groups,
                                  .rows = random_axis(rng, true),
                                  .cols = random_axis(rng, true)};
    CHECK_NOTHROW((void)describe(*real, conv));
    CHECK_NOTHROW((void)describe(simulated, conv));
    const kernels::PoolShape pool{.dtype = conv.dtype,
                                  .planes = static_cast<int64_t>(1 + rng.below(100)),
                                  .rows = random_axis(rng, false),
                                  .cols = random_axis(rng, false)};
    for (const auto mode :
         {CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING, CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING}) {
      CHECK_NOTHROW((void)describe(*real, pool, mode));
      CHECK_NOTHROW((void)describe(simulated, pool, mode));
    }
  }
  for (const Cudnn& library : {*real, simulated}) {
    const kernels::PoolShape large{.dtype = f32,
                                   .planes = int64_t{1} << 31,
                                   .rows = {.in = 2, .kernel = 2},
                                   .cols = {.in = 2, .kernel = 2}};
    CHECK_THROWS_AS((void)describe(library, large, CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING),
                    mosaic::cuda::NotSupported);
    CHECK_THROWS_AS((void)mosaic::cuda::cudnn_tensor(library, f32, 1 << 16, 1 << 15, 1, 1),
                    mosaic::cuda::NotSupported);
  }
}

TEST_CASE("cuda: the installed cuDNN refuses what the simulated one does") {
  const std::optional<Cudnn> real = installed();
  if (!real) return;
  const std::vector<std::string> mine = answers(mosaic::cuda::cudnn_from(gpusim::cudnn_symbol)),
                                 theirs = answers(*real);
  REQUIRE(mine.size() == theirs.size());
  for (size_t i = 0; i < mine.size(); ++i) CHECK(mine[i] == theirs[i]);
}
