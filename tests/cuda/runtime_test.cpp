// Tensors on a CUDA device: copies, reading, memory, errors.
#include <doctest/doctest.h>

#include <numeric>
#include <sstream>

#include "engine/cuda/recent.h"
#include "engine/cuda/runtime.h"
#include "nn/nn.h"
#include "tests/gpusim/cublaslt.h"
#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {
const Device gpu{DeviceKind::cuda, 0};
}

TEST_CASE("cuda: tensors travel to the device and back") {
  CHECK(parse_device("cuda") == gpu);
  std::vector<float> values(3 * 257);
  std::iota(values.begin(), values.end(), -100.5f);
  const Tensor x = Tensor::from(values, {3, 257}), there = x.to(gpu);
  CHECK(there.device() == gpu);
  CHECK(there.to(gpu).storage() == there.storage());
  CHECK(same_bits(there.to(cpu()), x));
  CHECK(same_bits(transpose(there).to(cpu()), transpose(x)));
  CHECK(same_bits(slice(there, 1, 3, 9).to(cpu()), slice(x, 1, 3, 9)));
  CHECK(same_bits(Tensor::from(values, {3, 257}, gpu), x));
  CHECK(Tensor::zeros({0, 4}, f32, gpu).to(cpu()).shape() == Shape{0, 4});
  for (const DType dtype : {f32, f64, i32, u8}) {
    CHECK(Tensor::full({33}, 7, dtype, gpu).values() == std::vector<double>(33, 7));
    CHECK(Tensor::zeros({33}, dtype, gpu).values() == std::vector<double>(33, 0));
    CHECK(same_bits(x.to(dtype).to(gpu), there.to(dtype)));
  }
}

TEST_CASE("cuda: large copies go through the staging pieces") {
  std::vector<int32_t> values(3 * (1 << 18) + 77);  // more than two pieces of a megabyte
  std::iota(values.begin(), values.end(), 0);
  const Tensor x = Tensor::from(values, {static_cast<int64_t>(values.size())});
  CHECK(same_bits(x.to(gpu).to(cpu()), x));
}

TEST_CASE("cuda: values are read through the host, memory is not") {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3}, {3}, gpu);
  CHECK(sum(x).item<float>() == 6);
  std::ostringstream text;
  text << x;
  CHECK(text.str() == "Tensor{3} f32 cuda:0 [1, 2, 3]");
  CHECK_THROWS_AS((void)x.host<float>(), DeviceError);
  CHECK_THROWS_AS((void)add(x, x.to(cpu())), DeviceError);
}

TEST_CASE("cuda: a device that is not there is refused by name") {
  CHECK_THROWS_WITH_AS((void)parse_device("cuda:7"),
                       doctest::Contains("cuda:7 is not available: only cuda:0 is there"), DeviceError);
  CHECK_FALSE(available({DeviceKind::cuda, 7}));
}

namespace {
struct SomeKernel {};
}  // namespace

TEST_CASE("cuda: a refused launch names the kernel, and is reported once") {
  allocator(gpu);                                               // the runtime is up
  CHECK(cudaFree(reinterpret_cast<void*>(64)) != cudaSuccess);  // not ours: leaves an error behind
  CHECK_THROWS_WITH_AS(mosaic::cuda::launched(typeid(SomeKernel)), doctest::Contains("SomeKernel"),
                       BackendError);
  CHECK_NOTHROW(mosaic::cuda::launched(typeid(SomeKernel)));
}

TEST_CASE("cuda: memory that is not there is refused with the sizes") {
  CHECK_THROWS_WITH_AS((void)Tensor::empty({int64_t{1} << 50}, f32, gpu), doctest::Contains("no memory for"),
                       ResourceError);
  CHECK(sum(Tensor::full({3}, 2, f32, gpu)).item<float>() == 6);
}

TEST_CASE("cuda: a module is on one device") {
  Generator rng(1);
  nn::Linear layer({.in = 3, .out = 2}, rng), other({.in = 3, .out = 2});
  CHECK(nn::device_of(other) == cpu());  // no values yet
  CHECK(nn::device_of(layer) == cpu());
  nn::move(layer, gpu);
  CHECK(nn::device_of(layer) == gpu);
  nn::assign_parameters(other, [&](const std::string& name, const Shape& shape) {
    return Tensor::zeros(shape, f32, name == "weight" ? gpu : cpu());
  });
  CHECK_THROWS_WITH_AS((void)nn::device_of(other), doctest::Contains("bias is on cpu"), DeviceError);
}

TEST_CASE("cuda: gradients come back over a copy between devices") {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3}, {3}).track();
  square(x.to(gpu)).backward(Tensor::full({3}, 1, f32, gpu));
  CHECK(x.grad().device() == cpu());
  CHECK(x.grad().values() == std::vector<double>{2, 4, 6});
}

TEST_CASE("cuda: a repeated step asks the device for no memory") {
  const Tensor x = Tensor::full({64, 32}, 0.5, f32, gpu).track();
  const auto step = [&] {
    x.zero_grad();
    sum(softmax(square(x))).backward();
  };
  step();
  step();
  const uint64_t before = allocator(gpu).stats().raw_allocs;
  step();
  CHECK(allocator(gpu).stats().raw_allocs == before);
}

TEST_CASE("cuda: what was used longest ago is forgotten first") {
  mosaic::cuda::Recent<int, int> squares(3);
  int made = 0;
  const auto square_of = [&](int x) {
    return squares.get(x, [&] {
      ++made;
      return x * x;
    });
  };
  for (const int x : {1, 2, 3, 1, 4}) CHECK(square_of(x) == x * x);  // 4 in place of 2
  CHECK(made == 4);
  CHECK(squares.size() == 3);
  for (const int x : {1, 3, 4}) CHECK(square_of(x) == x * x);
  CHECK(made == 4);
  CHECK(square_of(2) == 4);
  CHECK(made == 5);
  CHECK_THROWS_AS(squares.get(9, []() -> int { throw 9; }), int);
  CHECK(squares.size() == 3);
}

TEST_CASE("cuda: products of many shapes keep a bounded number of plans") {
  const Tensor x = Tensor::full({1300, 1}, 3, f32, gpu), w = Tensor::full({1, 1}, 2, f32, gpu);
  const auto product = [&](int64_t rows) { return matmul(slice(x, 0, 0, rows), w); };
  for (int64_t rows = 1; rows <= 1300; ++rows) product(rows);
  const size_t objects = gpusim::cublaslt_objects();
  CHECK(objects > 4 * 1000);
  CHECK(objects <= 4 * 1024 + 1);  // a plan is a description and three layouts; and the handle
  CHECK(product(1300).values() == std::vector<double>(1300, 6));
  CHECK(product(1).item<float>() == 6);
  CHECK(gpusim::cublaslt_objects() == objects);
}
