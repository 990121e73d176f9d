// Layers by cuDNN, as the simulator has it: which go there, and that results, special values and errors are
// those of our own kernels. The table of ops runs both ways in op_case.cpp.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "engine/cuda/cudnn_descriptors.h"
#include "nn/nn.h"
#include "tests/cuda/cudnn_switch.h"
#include "tests/gpusim/simulator.h"
#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace gpusim {
void* cudnn_symbol(const char* name);
}

namespace {

const Device gpu{DeviceKind::cuda, 0};

Tensor random(const Shape& shape, DType dtype = f32, uint64_t seed = 1) {
  Generator rng(seed);
  return normal(shape, 0, 1, rng, dtype).to(gpu);
}

// Computations that f and the derivative of its result give to cuDNN.
struct Calls {
  uint64_t forward, backward;
  bool operator==(const Calls&) const = default;
};
template <class F>
Calls calls_of(const std::vector<Tensor*>& inputs, const F& f) {
  for (Tensor* input : inputs) {
    input->track();
    input->zero_grad();
  }
  const uint64_t start = cudnn_calls();
  const Tensor y = f();
  const uint64_t middle = cudnn_calls();
  y.backward(Tensor::full(y.shape(), 1, y.dtype(), gpu));
  return {middle - start, cudnn_calls() - middle};
}

// Equal to a tolerance, with NaN where the other is.
bool alike(const Tensor& a, const Tensor& b, double tolerance) {
  const std::vector<double> x = a.to(cpu()).values(), y = b.to(cpu()).values();
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [tolerance](double p, double q) {
    return std::isnan(p) ? std::isnan(q) : p == q || std::abs(p - q) <= tolerance * (1 + std::abs(q));
  });
}

// Images, with a place where everything is other than usual.
Tensor spiked(double value) {
  Generator rng(5);
  std::vector<double> values = normal({2, 3, 7, 6}, 0, 1, rng, f64).values();
  values[20] = value;
  return Tensor::from(values, {2, 3, 7, 6}).to(f32);
}

}  // namespace

TEST_CASE("cuda: cuDNN is given what it does as we do") {
  for (const DType dtype : {f32, f64}) {
    CAPTURE(dtype);
    Tensor x = random({2, 4, 7, 6}, dtype), w = random({6, 4, 3, 3}, dtype), b = random({6}, dtype);
    const auto conv = [&](const Conv2dOptions& o) { return conv2d(x, w, b, o); };
    CHECK(calls_of({&x, &w, &b}, [&] { return conv({}); }) == Calls{2, 2});  // the bias is a call of its own
    CHECK(calls_of({&x, &w}, [&] { return conv2d(x, w, {}); }) == Calls{1, 2});
    Tensor line = random({2, 4, 9}, dtype), wl = random({6, 2, 3}, dtype);
    const uint64_t weights = dtype == f32 ? 1 : 0;  // the simulated library refuses these of f64
    CHECK(calls_of({&line, &wl}, [&] { return conv1d(line, wl, {}, {.groups = 2}); }) ==
          Calls{1, 1 + weights});
    CHECK(calls_of({&x, &w}, [&] { return conv2d(x, w, {}, {.padding = 2, .dilation = 2}); }) ==
          Calls{1, 1 + weights});
    const auto mean = [&](const AveragePool2dOptions& o) { return average_pool2d(x, o); };
    CHECK(calls_of({&x}, [&] { return mean({.kernel = 3, .stride = 2, .padding = 1}); }) == Calls{1, 1});
    CHECK(calls_of({&x}, [&] { return mean({.kernel = 3, .padding = 1, .count_padding = false}); }) ==
          Calls{1, 1});
    CHECK(calls_of({&x}, [&] { return adaptive_average_pool2d(x, {7, 3}); }) == Calls{1, 1});
    Tensor four = random({4}, dtype), five = square(random({4}, dtype)).detach();
    CHECK(calls_of({&x, &four}, [&] { return batch_norm(x, four, {}).y; }) == Calls{1, 1});
    CHECK(calls_of({&x}, [&] { return batch_norm(x, {}, {}, four.detach(), five); }) == Calls{1, 0});
  }
}

TEST_CASE("cuda: cuDNN is not asked for what it has otherwise than we, or not at all") {
  Tensor x = random({2, 4, 7, 6});
  const auto none = [](const std::vector<Tensor*>& inputs, const auto& f) {
    CHECK(calls_of(inputs, f) == Calls{0, 0});
  };
  Tensor depthwise = random({4, 1, 3, 3});
  none({&x, &depthwise}, [&] { return conv2d(x, depthwise, {}, {.groups = 4}); });
  none({&x}, [&] { return max_pool2d(x, {}); });
  none({&x}, [&] { return adaptive_average_pool2d(x, {4, 3}); });  // windows that overlap
  Tensor nothing = random({0, 4, 7, 6}), w = random({6, 4, 3, 3});
  none({&nothing, &w}, [&] { return conv2d(nothing, w, {}); });
  none({&nothing}, [&] { return average_pool2d(nothing, {}); });
  Tensor padding_only = random({2, 4, 0, 6});
  none({&padding_only, &w}, [&] { return conv2d(padding_only, w, {}, {.padding = 2}); });
  Tensor one = random({1, 4});
  none({&one}, [&] { return batch_norm(one, {}, {}).y; });
  const WithoutCudnn off;
  none({&x, &w}, [&] { return conv2d(x, w, {}); });
  none({&x}, [&] { return average_pool2d(x, {}); });
  none({&x}, [&] { return batch_norm(x, {}, {}).y; });
}

TEST_CASE("cuda: more images than cuDNN takes at once") {
  const auto pooled = [](Tensor x) { return calls_of({&x}, [&] { return average_pool1d(x, {}); }); };
  CHECK(pooled(random({512, 128, 2})) == Calls{1, 1});  // as 32768 of two channels
  CHECK(pooled(random({65537, 1, 2})) == Calls{0, 0});  // a prime
  Tensor x = random({65536, 1}), mean = random({1}), variance = square(mean);
  CHECK(calls_of({&x}, [&] { return batch_norm(x, {}, {}, mean, variance); }) == Calls{0, 0});
  CHECK(calls_of({&x}, [&] { return batch_norm(x, {}, {}).y; }) == Calls{1, 1});  // refused one step only
}

TEST_CASE("cuda: MOSAIC_CUDNN=0 turns cuDNN off") {  // ctest runs this one with and without
  const char* word = std::getenv("MOSAIC_CUDNN");
  const bool off = word && std::string_view(word) == "0";
  Tensor x = random({2, 4, 7, 6}), w = random({6, 4, 3, 3});
  CHECK(calls_of({&x, &w}, [&] { return conv2d(x, w, {}); }) == (off ? Calls{0, 0} : Calls{1, 2}));
}

TEST_CASE("cuda: with cuDNN, NaN and infinities reach what sees them and nothing else") {
  Generator rng(2);
  const Tensor w = normal({4, 3, 3, 2}, 0, 1, rng);
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), 1e30}) {
    CAPTURE(value);
    const Tensor x = spiked(value), there = x.to(gpu);
    CHECK(alike(conv2d(there, w.to(gpu), {}, {.padding = 1}), conv2d(x, w, {}, {.padding = 1}), 1e-5));
    CHECK(alike(average_pool2d(there, {}), average_pool2d(x, {}), 1e-6));
    if (value == value) continue;
    const BatchNormResult a = batch_norm(there, {}, {}), b = batch_norm(x, {}, {});
    CHECK(alike(a.y, b.y, 1e-5));
    CHECK(alike(a.mean, b.mean, 1e-6));
    CHECK(alike(a.variance, b.variance, 1e-5));
  }
}

TEST_CASE("cuda: the statistics of batch norm by cuDNN are ours") {
  Generator rng(4);
  const Tensor x = normal({6, 3, 5, 7}, 2, 3, rng, f64);
  const BatchNormResult here = batch_norm(x, {}, {}), there = batch_norm(x.to(gpu), {}, {});
  CHECK(difference(there.mean, here.mean) < 1e-14);
  CHECK(difference(there.variance, here.variance) < 1e-14);
  nn::BatchNorm2d a({.channels = 3}, rng), b({.channels = 3}, rng);
  nn::move(b, gpu);
  for (int i = 0; i < 3; ++i) a(x.to(f32), {.training = true}), b(x.to(f32).to(gpu), {.training = true});
  CHECK(difference(b.running_mean(), a.running_mean()) < 1e-6);
  CHECK(difference(b.running_variance(), a.running_variance()) < 1e-6);
  CHECK(difference(b(x.to(f32).to(gpu)), a(x.to(f32))) < 1e-5);
  // No eps at all, and nothing but eps.
  CHECK(difference(batch_norm(x.to(gpu), {}, {}, 0).y, batch_norm(x, {}, {}, 0).y) < 1e-12);
  CHECK(squared_norm(batch_norm(Tensor::full({4, 3, 2}, 7, f32, gpu), {}, {}).y) == 0);
}

namespace {

// Losses of a small network of images, and its weights.
std::vector<double> train(nn::Sequential& model, const Tensor& x, const Tensor& target) {
  nn::AdamW optimizer(nn::named_parameters(model), {.lr = 1e-2});
  std::vector<double> losses;
  for (int i = 0; i < 10; ++i) {
    const Tensor loss = mean(square(reshape(model(x, {.training = true}), {x.dim(0), 2}) - target));
    losses.push_back(loss.item<double>());
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  return losses;
}
nn::Sequential network() {
  Generator rng(8);
  return nn::Sequential(
      nn::Conv2d({.in = 3, .out = 8, .kernel = 3, .stride = 2, .padding = 1}, rng),
      nn::BatchNorm2d({.channels = 8}, rng), nn::Relu(),
      nn::Conv2d({.in = 8, .out = 8, .kernel = 3, .padding = 2, .dilation = 2, .groups = 2}, rng),
      nn::AveragePool2d({.kernel = 2}), nn::BatchNorm2d({.channels = 8}, rng), nn::Relu(),
      nn::MaxPool2d({.kernel = 2, .stride = 1}), nn::Conv2d({.in = 8, .out = 2, .kernel = 1}, rng),
      nn::AdaptiveAveragePool2d());
}

}  // namespace

TEST_CASE("cuda: ten updates of a convolutional network by cuDNN lose what they lose on the CPU") {
  Generator rng(9);
  const Tensor x = normal({4, 3, 11, 13}, 0, 1, rng), target = normal({4, 2}, 0, 1, rng);
  nn::Sequential here = network(), there = network(), again = network(), own = network();
  for (nn::Sequential* model : {&there, &again, &own}) nn::move(*model, gpu);
  const std::vector<double> losses = train(here, x, target);
  const uint64_t before = cudnn_calls();
  const std::vector<double> by_cudnn = train(there, x.to(gpu), target.to(gpu));
  CHECK(cudnn_calls() - before > 10 * 15);
  CHECK(train(again, x.to(gpu), target.to(gpu)) == by_cudnn);
  gpusim::options().deferred = true;  // memory is given back before the work that uses it is done
  nn::Sequential late = network();
  nn::move(late, gpu);
  CHECK(train(late, x.to(gpu), target.to(gpu)) == by_cudnn);
  gpusim::options().deferred = false;
  const WithoutCudnn off;
  const std::vector<double> by_own = train(own, x.to(gpu), target.to(gpu));
  for (size_t i = 0; i < losses.size(); ++i) {
    CAPTURE(i);
    CHECK(by_cudnn[i] == doctest::Approx(losses[i]).epsilon(1e-3));
    CHECK(by_own[i] == doctest::Approx(losses[i]).epsilon(1e-3));
  }
  CHECK(losses.back() < 0.7 * losses.front());
}

TEST_CASE("cuda: layers of many shapes keep a bounded number of cuDNN's descriptors") {
  const Tensor x = random({1, 2, 700}), w = random({2, 2, 1});
  const auto run = [&](int64_t length) { return conv1d(slice(x, 2, 0, length), w, {}); };
  const size_t before = gpusim::cudnn_objects();
  for (int64_t length = 1; length <= 700; ++length) run(length);
  const size_t objects = gpusim::cudnn_objects();
  CHECK(objects - before <= 5 * 512);  // a plan of a convolution has five descriptors
  for (int64_t length = 1; length <= 700; ++length) run(length);
  CHECK(gpusim::cudnn_objects() == objects);
}

TEST_CASE("cuda: cuDNN's refusals name the problem, what is not supported is left to us") {
  const mosaic::cuda::Cudnn& library = *mosaic::cuda::cudnn();
  const kernels::ConvShape shape{.dtype = f32,
                                 .batch = 2,
                                 .channels = 4,
                                 .out_channels = 6,
                                 .groups = 2,
                                 .rows = {.in = 5, .out = 3, .kernel = 3},
                                 .cols = {.in = 4, .out = 2, .kernel = 3}};
  cudnnTensorDescriptor_t none = nullptr;
  const cudnnStatus_t status = library.tensor_set(none, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 1, 1, 1);
  CHECK_THROWS_WITH_AS(mosaic::cuda::check_cudnn(library, status, "conv", shape),
                       "[conv] cuDNN refused x {2, 4, 5, 4}, weight {6, 2, 3, 3} f32, 2 groups, stride {1, "
                       "1}, padding {0, 0}, "
                       "dilation {1, 1}: CUDNN_STATUS_BAD_PARAM, no such descriptor",
                       BackendError);
  CHECK_THROWS_AS(mosaic::cuda::check_cudnn(library, CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, "conv", shape),
                  mosaic::cuda::NotSupported);
  kernels::ConvShape wrong = shape;
  wrong.rows.out = 4;
  CHECK_THROWS_WITH_AS((void)mosaic::cuda::describe(library, wrong),
                       "[conv] cuDNN's result is {3, 2}, ours {4, 2}", BackendError);
  wrong.rows.in = int64_t{1} << 32;
  CHECK_THROWS_AS((void)mosaic::cuda::describe(library, wrong), mosaic::cuda::NotSupported);
}

TEST_CASE("cuda: a cuDNN without a function, or of another version, is refused") {
  using mosaic::cuda::cudnn_from;
  CHECK_NOTHROW((void)cudnn_from(gpusim::cudnn_symbol));
  const auto without = [](const char* name) -> void* {
    return std::string_view(name) == "cudnnAddTensor" ? nullptr : gpusim::cudnn_symbol(name);
  };
  CHECK_THROWS_WITH_AS((void)cudnn_from(without), "[cudnn] the library has no function cudnnAddTensor",
                       BackendError);
  const auto old = [](const char* name) -> void* {
    if (std::string_view(name) != "cudnnGetVersion") return gpusim::cudnn_symbol(name);
    return reinterpret_cast<void*>(+[]() -> size_t { return 8907; });
  };
  CHECK_THROWS_WITH_AS((void)cudnn_from(old), doctest::Contains("the library is version 8907"), BackendError);
  CHECK_THROWS_WITH_AS((void)mosaic::cuda::load_library("libnothing.so.0", "cudnn", "this test"),
                       doctest::Contains("[cudnn] this test needs libnothing.so.0: "), BackendError);
}

namespace {

// What is written to stderr while f runs.
template <class F>
std::string said(const F& f) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  std::fflush(stderr);
  const int before = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  f();
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  std::rewind(file);
  std::string text;
  for (int c; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

// While it lives, cuDNN is another one.
struct Installed {
  explicit Installed(mosaic::cuda::SymbolSource source) { mosaic::cuda::install_cudnn(source); }
  Installed(const Installed&) = delete;
  ~Installed() {
    mosaic::cuda::install_cudnn(gpusim::cudnn_symbol);
    mosaic::cuda::want_cudnn(true);
  }
};

}  // namespace

TEST_CASE("cuda: a cuDNN that cannot be used is said once, and our own kernels run") {
  const Tensor x = random({2, 4, 7, 6}), w = random({6, 4, 3, 3});
  const Tensor expected = conv2d(x.to(cpu()), w.to(cpu()), {});
  const auto run = [&] {
    for (int i = 0; i < 2; ++i) CHECK(difference(conv2d(x, w, {}), expected) < 1e-5);
  };
  const uint64_t before = cudnn_calls();
  {
    const Installed incomplete([](const char* name) {
      return std::string_view(name) == "cudnnAddTensor" ? nullptr : gpusim::cudnn_symbol(name);
    });
    CHECK(said(run) ==
          "[cudnn] the library has no function cudnnAddTensor; our own convolutions, pools and batch norms "
          "run\n");
  }
  {
    const Installed broken([](const char* name) -> void* {  // as where a part of the library is missing
      if (std::string_view(name) != "cudnnCreate") return gpusim::cudnn_symbol(name);
      return reinterpret_cast<void*>(+[](cudnnHandle_t*) { return CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED; });
    });
    CHECK(said(run).starts_with("[cudnn] cuDNN refused a handle: CUDNN_STATUS_NOT_INITIALIZED"));
    CHECK(mosaic::cuda::cudnn() == nullptr);
    CHECK(said(run).empty());
  }
  CHECK(cudnn_calls() == before);
  CHECK(said(run).empty());
  CHECK(cudnn_calls() == before + 2);
}
