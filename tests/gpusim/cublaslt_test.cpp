// The simulator's cuBLASLt against plain loops, and what it refuses.
#include "tests/gpusim/cublaslt.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>
#include <vector>

#include "tests/gpusim/fault.h"
#include "tests/gpusim/memory.h"
#include "tests/gpusim/simulator.h"

using namespace gpusim;

namespace {

#define SYMBOL(name) reinterpret_cast<decltype(&::name)>(cublaslt_symbol(#name))

template <class T>
constexpr cudaDataType_t type_of = std::is_same_v<T, double>   ? CUDA_R_64F
                                   : std::is_same_v<T, float>  ? CUDA_R_32F
                                   : std::is_same_v<T, __half> ? CUDA_R_16F
                                                               : CUDA_R_16BF;

// A matrix, or a batch of them, on the host and on the device, with a leading dimension and a stride.
template <class T>
struct Matrix {
  int64_t rows, cols, ld, batch, stride;
  cublasLtOrder_t order;
  std::vector<T> host;
  T* device = nullptr;
  cublasLtMatrixLayout_t layout = nullptr;

  Matrix(int64_t rows_, int64_t cols_, int64_t pad = 0, int64_t batch_ = 1,
         cublasLtOrder_t order_ = CUBLASLT_ORDER_COL)
      : rows(rows_),
        cols(cols_),
        ld((order_ == CUBLASLT_ORDER_COL ? rows_ : cols_) + pad),
        batch(batch_),
        stride(ld * (order_ == CUBLASLT_ORDER_COL ? cols_ : rows_) + 3),
        order(order_),
        host(static_cast<size_t>(stride * batch_)) {
    for (size_t i = 0; i < host.size(); ++i) host[i] = T(static_cast<float>((i * 37 + 11) % 17) / 8 - 1);
    REQUIRE(cudaMalloc(reinterpret_cast<void**>(&device), bytes()) == cudaSuccess);
    SYMBOL(cublasLtMatrixLayoutCreate)
    (&layout, type_of<T>, static_cast<uint64_t>(rows), static_cast<uint64_t>(cols), ld);
    const auto count = static_cast<int32_t>(batch);
    const auto set = [this](cublasLtMatrixLayoutAttribute_t a, const auto& v) {
      CHECK(SYMBOL(cublasLtMatrixLayoutSetAttribute)(layout, a, &v, sizeof v) == CUBLAS_STATUS_SUCCESS);
    };
    set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count);
    set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, stride);
    set(CUBLASLT_MATRIX_LAYOUT_ORDER, static_cast<int32_t>(order));
  }
  Matrix(const Matrix&) = delete;
  ~Matrix() {
    SYMBOL(cublasLtMatrixLayoutDestroy)(layout);
    cudaFree(device);
  }
  size_t bytes() const { return host.size() * sizeof(T); }
  void upload() { REQUIRE(cudaMemcpy(device, host.data(), bytes(), cudaMemcpyHostToDevice) == cudaSuccess); }
  void download() {
    REQUIRE(cudaMemcpy(host.data(), device, bytes(), cudaMemcpyDeviceToHost) == cudaSuccess);
  }
  size_t index(int64_t b, int64_t r, int64_t c) const {
    return static_cast<size_t>(b * stride + (order == CUBLASLT_ORDER_COL ? c * ld + r : r * ld + c));
  }
  double at(int64_t b, int64_t r, int64_t c) const {
    if constexpr (std::is_same_v<T, __half>) return static_cast<double>(__half2float(host[index(b, r, c)]));
    if constexpr (std::is_same_v<T, __nv_bfloat16>) {
      return static_cast<double>(__bfloat162float(host[index(b, r, c)]));
    }
    if constexpr (std::is_arithmetic_v<T>) return static_cast<double>(host[index(b, r, c)]);
  }
};

// A handle, a description and a workspace.
struct Call {
  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t desc = nullptr;
  bool wide;
  void* workspace = nullptr;
  explicit Call(bool wide_ = false) : wide(wide_) {
    CHECK(SYMBOL(cublasLtCreate)(&handle) == CUBLAS_STATUS_SUCCESS);
    CHECK(SYMBOL(cublasLtMatmulDescCreate)(&desc, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                                           wide ? CUDA_R_64F : CUDA_R_32F) == CUBLAS_STATUS_SUCCESS);
    REQUIRE(cudaMalloc(&workspace, 1 << 20) == cudaSuccess);
  }
  Call(const Call&) = delete;
  ~Call() {
    SYMBOL(cublasLtMatmulDescDestroy)(desc);
    SYMBOL(cublasLtDestroy)(handle);
    cudaFree(workspace);
  }
  template <class V>
  cublasStatus_t set(cublasLtMatmulDescAttributes_t attribute, const V& value) {
    return SYMBOL(cublasLtMatmulDescSetAttribute)(desc, attribute, &value, sizeof value);
  }
  template <class T, class Out>
  cublasStatus_t run(const Matrix<T>& a, const Matrix<T>& b, const Matrix<Out>& d, double alpha = 1,
                     double beta = 0, const cublasLtMatmulAlgo_t* algorithm = nullptr,
                     size_t workspace_bytes = 1 << 20, cudaStream_t stream = nullptr) {
    const float factors[] = {static_cast<float>(alpha), static_cast<float>(beta)};
    const double wides[] = {alpha, beta};
    const void* one = wide ? static_cast<const void*>(wides) : factors;
    const void* two = wide ? static_cast<const void*>(wides + 1) : factors + 1;
    return SYMBOL(cublasLtMatmul)(handle, desc, one, a.device, a.layout, b.device, b.layout, two, d.device,
                                  d.layout, d.device, d.layout, algorithm, workspace, workspace_bytes,
                                  stream);
  }
  template <class T, class Out>
  cublasStatus_t choose(const Matrix<T>& a, const Matrix<T>& b, const Matrix<Out>& d, uint64_t workspace_most,
                        uint32_t align, cublasLtMatmulAlgo_t& chosen) {
    cublasLtMatmulPreference_t p = nullptr;
    SYMBOL(cublasLtMatmulPreferenceCreate)(&p);
    const auto set = SYMBOL(cublasLtMatmulPreferenceSetAttribute);
    set(p, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_most, sizeof workspace_most);
    for (const auto which :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      set(p, which, &align, sizeof align);
    }
    cublasLtMatmulHeuristicResult_t result{};
    int count = 0;
    const cublasStatus_t status = SYMBOL(cublasLtMatmulAlgoGetHeuristic)(
        handle, desc, a.layout, b.layout, d.layout, d.layout, p, 1, &result, &count);
    SYMBOL(cublasLtMatmulPreferenceDestroy)(p);
    chosen = result.algo;
    return status == CUBLAS_STATUS_SUCCESS && count != 1 ? CUBLAS_STATUS_INTERNAL_ERROR : status;
  }
};

using Expected = std::function<double(int64_t batch, int64_t row, int64_t col, double value)>;

// Runs alpha op(a) op(b) + beta d and compares d with `expected` of the plain loops' value.
template <class T, class Out>
void compare(Call& call, Matrix<T>& a, bool ta, Matrix<T>& b, bool tb, Matrix<Out>& d, double alpha,
             double beta, double tolerance, const Expected& expected) {
  const std::vector<Out> before = d.host;
  a.upload();
  b.upload();
  d.upload();
  CHECK(call.set(CUBLASLT_MATMUL_DESC_TRANSA, ta ? CUBLAS_OP_T : CUBLAS_OP_N) == CUBLAS_STATUS_SUCCESS);
  CHECK(call.set(CUBLASLT_MATMUL_DESC_TRANSB, tb ? CUBLAS_OP_T : CUBLAS_OP_N) == CUBLAS_STATUS_SUCCESS);
  REQUIRE(call.run(a, b, d, alpha, beta) == CUBLAS_STATUS_SUCCESS);
  Matrix<Out> old(d.rows, d.cols, d.ld - (d.order == CUBLASLT_ORDER_COL ? d.rows : d.cols), d.batch, d.order);
  old.host = before;
  d.download();
  const int64_t depth = ta ? a.rows : a.cols;
  std::vector<bool> touched(d.host.size());
  double worst = 0;
  for (int64_t q = 0; q < d.batch; ++q) {
    for (int64_t i = 0; i < d.rows; ++i) {
      for (int64_t j = 0; j < d.cols; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < depth; ++k) {
          sum += (ta ? a.at(q, k, i) : a.at(q, i, k)) * (tb ? b.at(q, j, k) : b.at(q, k, j));
        }
        const double value = expected(q, i, j, alpha * sum + beta * old.at(q, i, j));
        worst = std::max(worst, std::abs(d.at(q, i, j) - value) / (1 + std::abs(value)));
        touched[d.index(q, i, j)] = true;
      }
    }
  }
  CHECK(worst <= tolerance);
  for (size_t i = 0; i < touched.size(); ++i) {
    if (!touched[i] && std::memcmp(&d.host[i], &before[i], sizeof(Out)) != 0) FAIL("wrote between columns");
  }
}

template <class T, class Out>
void sweep(double tolerance) {
  const Expected plain = [](int64_t, int64_t, int64_t, double v) { return v; };
  for (const auto& [m, n, k] : {std::tuple{1, 1, 1}, {8, 4, 16}, {33, 7, 19}, {2, 40, 5}, {17, 31, 64}}) {
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        for (const auto order : {CUBLASLT_ORDER_COL, CUBLASLT_ORDER_ROW}) {
          CAPTURE(m);
          CAPTURE(ta);
          CAPTURE(tb);
          Call call(std::is_same_v<T, double>);
          Matrix<T> a(ta ? k : m, ta ? m : k, 2, 3, order), b(tb ? n : k, tb ? k : n, 1, 3);
          Matrix<Out> d(m, n, 5, 3, order);
          compare(call, a, ta, b, tb, d, 0.5, 0, tolerance, plain);
          compare(call, a, ta, b, tb, d, -1, 2, tolerance, plain);
        }
      }
    }
  }
}

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

}  // namespace

TEST_CASE("gpusim cuBLASLt: products of every type, order and transposition are those of plain loops") {
  const size_t before = cublaslt_objects();
  sweep<double, double>(1e-14);
  sweep<float, float>(1e-6);
  sweep<__half, __half>(1e-3);
  sweep<__half, float>(1e-6);
  sweep<__nv_bfloat16, __nv_bfloat16>(8e-3);
  sweep<__nv_bfloat16, float>(1e-6);
  CHECK(cublaslt_objects() == before);
}

TEST_CASE("gpusim cuBLASLt: epilogues") {
  Matrix<float> a(9, 6, 1, 2), b(6, 5, 0, 2), d(9, 5, 3, 2), bias(9, 1);
  bias.upload();
  void* aux = nullptr;
  REQUIRE(cudaMalloc(&aux, 2 * 5 * 16 * sizeof(float)) == cudaSuccess);
  Call call;
  const auto epilogue = [&](uint32_t e) {
    CHECK(call.set(CUBLASLT_MATMUL_DESC_EPILOGUE, e) == CUBLAS_STATUS_SUCCESS);
  };
  CHECK(call.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias.device) == CUBLAS_STATUS_SUCCESS);
  const auto biased = [&](int64_t i, double v) { return v + bias.at(0, i, 0); };
  const auto relu = [](double v) { return v > 0 ? v : 0.0; };
  epilogue(CUBLASLT_EPILOGUE_BIAS);
  compare(call, a, false, b, false, d, 1, 1, 1e-6,
          [&](int64_t, int64_t i, int64_t, double v) { return biased(i, v); });
  epilogue(CUBLASLT_EPILOGUE_RELU);
  compare(call, a, false, b, false, d, 1, 0, 1e-6,
          [&](int64_t, int64_t, int64_t, double v) { return relu(v); });
  epilogue(CUBLASLT_EPILOGUE_GELU_BIAS);
  compare(call, a, false, b, false, d, 1, 0, 1e-6,
          [&](int64_t, int64_t i, int64_t, double v) { return gelu(biased(i, v)); });

  SUBCASE("ReLU's mask comes back in its derivative, with the gradient of the bias") {
    CHECK(call.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, aux) == CUBLAS_STATUS_SUCCESS);
    CHECK(call.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, int64_t{128}) == CUBLAS_STATUS_SUCCESS);
    CHECK(call.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE, int64_t{128 * 5}) ==
          CUBLAS_STATUS_SUCCESS);
    epilogue(CUBLASLT_EPILOGUE_RELU_AUX_BIAS);
    compare(call, a, false, b, false, d, 1, 0, 1e-6,
            [&](int64_t, int64_t i, int64_t, double v) { return relu(biased(i, v)); });
    Matrix<float> mask(9, 5, 3, 2), gradient(9, 1, 0, 2);
    mask.host = d.host;
    CHECK(call.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, gradient.device) == CUBLAS_STATUS_SUCCESS);
    CHECK(call.set(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, gradient.stride) == CUBLAS_STATUS_SUCCESS);
    epilogue(CUBLASLT_EPILOGUE_DRELU_BGRAD);
    compare(call, a, false, b, false, d, 2, 0, 1e-6,
            [&](int64_t q, int64_t i, int64_t j, double v) { return mask.at(q, i, j) > 0 ? v : 0.0; });
    gradient.download();
    double sum = 0;
    for (int64_t j = 0; j < 5; ++j) sum += d.at(1, 4, j);
    CHECK(gradient.at(1, 4, 0) == doctest::Approx(sum));
  }
  SUBCASE("GELU's input comes back in its derivative") {
    CHECK(call.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, aux) == CUBLAS_STATUS_SUCCESS);
    CHECK(call.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, int64_t{16}) == CUBLAS_STATUS_SUCCESS);
    CHECK(call.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE, int64_t{16 * 5}) == CUBLAS_STATUS_SUCCESS);
    std::vector<double> inputs;
    epilogue(CUBLASLT_EPILOGUE_GELU_AUX);
    compare(call, a, false, b, false, d, 1, 0, 1e-6, [&](int64_t, int64_t, int64_t, double v) {
      inputs.push_back(v);
      return gelu(v);
    });
    size_t next = 0;
    epilogue(CUBLASLT_EPILOGUE_DGELU);
    compare(call, a, false, b, false, d, 1, 0, 1e-5, [&](int64_t, int64_t, int64_t, double v) {
      const double x = inputs[next++], h = 1e-5;
      return v * (gelu(x + h) - gelu(x - h)) / (2 * h);
    });
  }
  cudaFree(aux);
}

TEST_CASE("gpusim cuBLASLt: products that do not fit are refused with the reason") {
  Matrix<float> a(4, 3), b(3, 5), d(4, 5);
  Matrix<double> wide(3, 5);
  for (auto* m : {&a, &b, &d}) m->upload();
  wide.upload();
  Call call;
  const auto refused = [](cublasStatus_t status, cublasStatus_t as, const char* why) {
    CHECK(status == as);
    CHECK(cublaslt_refusal().find(why) != std::string::npos);
  };
  constexpr auto invalid = CUBLAS_STATUS_INVALID_VALUE, unsupported = CUBLAS_STATUS_NOT_SUPPORTED;
  CHECK(call.run(a, b, d) == CUBLAS_STATUS_SUCCESS);
  refused(call.run(b, a, d), invalid, "columns, op(B)");
  refused(call.run(a, b, a), invalid, "C and D are to be");
  refused(call.set(CUBLASLT_MATMUL_DESC_TRANSA, char{1}), invalid, "of 4 bytes");
  refused(call.set(CUBLASLT_MATMUL_DESC_FAST_ACCUM, char{1}), unsupported, "not simulated");
  const auto batch = SYMBOL(cublasLtMatrixLayoutSetAttribute);
  int64_t ld = 3;
  CHECK(batch(a.layout, CUBLASLT_MATRIX_LAYOUT_LD, &ld, sizeof ld) == CUBLAS_STATUS_SUCCESS);
  refused(call.run(a, b, d), invalid, "A: its leading dimension 3 is less than its 4 rows");
  ld = 4;
  CHECK(batch(a.layout, CUBLASLT_MATRIX_LAYOUT_LD, &ld, sizeof ld) == CUBLAS_STATUS_SUCCESS);
  int32_t count = 2;
  CHECK(batch(a.layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count) == CUBLAS_STATUS_SUCCESS);
  refused(call.run(a, b, d), invalid, "batch counts differ");
  count = 1;
  CHECK(batch(a.layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count) == CUBLAS_STATUS_SUCCESS);
  CHECK(call.set(CUBLASLT_MATMUL_DESC_EPILOGUE, uint32_t{CUBLASLT_EPILOGUE_BIAS}) == CUBLAS_STATUS_SUCCESS);
  refused(call.run(a, b, d), invalid, "no bias pointer");
  Call other(true);
  refused(other.run(a, b, d), unsupported, "multiplied in f32");
  const float one = 1, zero = 0;
  refused(SYMBOL(cublasLtMatmul)(call.handle, call.desc, &one, a.device, a.layout, wide.device, wide.layout,
                                 &zero, d.device, d.layout, d.device, d.layout, nullptr, nullptr, 0, nullptr),
          unsupported, "different types");
  refused(SYMBOL(cublasLtMatmulDescDestroy)(nullptr), invalid, "not there");
  CHECK(cublaslt_symbol("cublasLtNothing") == nullptr);
}

TEST_CASE("gpusim cuBLASLt: an algorithm is good for what it was chosen for") {
  Matrix<float> a(4, 3), b(3, 5), d(4, 5), tall(5, 3), taller(5, 5);
  for (auto* m : {&a, &b, &d, &tall, &taller}) m->upload();
  Call call;
  cublasLtMatmulAlgo_t algorithm{};
  REQUIRE(call.choose(a, b, d, 1 << 20, 16, algorithm) == CUBLAS_STATUS_SUCCESS);
  CHECK(call.run(a, b, d, 1, 0, &algorithm) == CUBLAS_STATUS_SUCCESS);
  CHECK(call.run(tall, b, taller, 1, 0, &algorithm) == CUBLAS_STATUS_NOT_SUPPORTED);
  CHECK(call.run(a, b, d, 1, 0, &algorithm, 1024) == CUBLAS_STATUS_INVALID_VALUE);
  float* const aligned = a.device;
  Matrix<float> longer(4, 4);
  longer.upload();
  std::swap(a.device, longer.device);
  a.device += 1;
  CHECK(call.run(a, b, d, 1, 0, &algorithm) == CUBLAS_STATUS_INVALID_VALUE);
  CHECK(cublaslt_refusal().find("A is not aligned to 16") != std::string::npos);
  a.device -= 1;
  std::swap(a.device, longer.device);
  CHECK(a.device == aligned);
}

TEST_CASE("gpusim cuBLASLt: operands are live, within bounds, and written") {
  Matrix<float> a(4, 3), b(3, 5), d(4, 5);
  b.upload();
  Call call;
  CHECK_THROWS_WITH_AS(call.run(a, b, d), doctest::Contains("A was never written at byte 0"), Fault);
  a.upload();
  CHECK_THROWS_WITH_AS(call.run(a, b, d, 1, 1), doctest::Contains("C was never written"), Fault);
  CHECK(Memory::device().first_unwritten(d.device, 80) == d.device);
  CHECK(call.run(a, b, d) == CUBLAS_STATUS_SUCCESS);
  CHECK(Memory::device().first_unwritten(d.device, 80) == nullptr);
  float* const device = b.device;
  b.device = a.device + 8;  // too short there
  CHECK_THROWS_WITH_AS(call.run(a, b, d), doctest::Contains("reach beyond the allocation"), Fault);
  b.device = b.host.data();
  CHECK_THROWS_WITH_AS(call.run(a, b, d), doctest::Contains("B takes 60 bytes, which begin in no live"),
                       Fault);
  b.device = device;
  cudaFree(a.device);
  CHECK_THROWS_WITH_AS(call.run(a, b, d), doctest::Contains("A takes 48 bytes"), Fault);
  a.device = nullptr;
}

TEST_CASE("gpusim cuBLASLt: products run in the order of their stream") {
  Matrix<float> a(4, 3), b(3, 5), d(4, 5);
  b.upload();
  Call call;
  cudaStream_t stream = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  options().deferred = true;
  cudaMemcpyAsync(a.device, a.host.data(), a.bytes(), cudaMemcpyHostToDevice, stream);
  CHECK(call.run(a, b, d, 1, 0, nullptr, 1 << 20, stream) == CUBLAS_STATUS_SUCCESS);
  CHECK(Memory::device().first_unwritten(d.device, 80) == d.device);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(Memory::device().first_unwritten(d.device, 80) == nullptr);
  options().deferred = false;
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
}
