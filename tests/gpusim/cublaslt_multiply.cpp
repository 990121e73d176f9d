// The arithmetic of the simulator's cuBLASLt. Terms are added in the order of k, in f32 (f64 for f64), so
// that an element's bits depend on its row and its column alone.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "tests/gpusim/cublaslt.h"
#include "tests/gpusim/cublaslt_operands.h"

namespace gpusim::lt {
namespace {

// Rows of a panel of A are one vector; a panel of B has four columns, so that a tile's sums stay in
// registers.
constexpr size_t tile_cols = 4;
template <class T>
using Vector [[gnu::vector_size(32)]] = T;
template <class T>
constexpr size_t tile_rows = 32 / sizeof(T);

float widen(float x) {
  return x;
}
double widen(double x) {
  return x;
}
float widen(__half x) {
  return __half2float(x);
}
float widen(__nv_bfloat16 x) {
  return __bfloat162float(x);
}

template <class T>
T load(const void* data, cudaDataType_t type, int64_t at) {
  switch (type) {
    case CUDA_R_64F:
      return static_cast<T>(static_cast<const double*>(data)[at]);
    case CUDA_R_16F:
      return static_cast<T>(widen(static_cast<const __half*>(data)[at]));
    case CUDA_R_16BF:
      return static_cast<T>(widen(static_cast<const __nv_bfloat16*>(data)[at]));
    default:
      return static_cast<T>(static_cast<const float*>(data)[at]);
  }
}

template <class T>
void store(void* data, cudaDataType_t type, int64_t at, T value) {
  switch (type) {
    case CUDA_R_64F:
      static_cast<double*>(data)[at] = static_cast<double>(value);
      break;
    case CUDA_R_16F:
      static_cast<__half*>(data)[at] = __float2half(static_cast<float>(value));
      break;
    case CUDA_R_16BF:
      static_cast<__nv_bfloat16*>(data)[at] = __float2bfloat16(static_cast<float>(value));
      break;
    default:
      static_cast<float*>(data)[at] = static_cast<float>(value);
  }
}

// count lines of depth elements, as panels of `width` lines: {panel, depth, width}, zeros beyond the last
// line.
template <class T, class E>
void pack_as(const E* from, int64_t line_step, int64_t depth_step, size_t count, size_t depth, size_t width,
             std::vector<T>& panels) {
  panels.assign((count + width - 1) / width * width * depth, T(0));
  for (size_t line = 0; line < count; ++line) {
    T* to = panels.data() + line / width * width * depth + line % width;
    const E* at = from + static_cast<int64_t>(line) * line_step;
    for (size_t k = 0; k < depth; ++k) to[k * width] = widen(at[static_cast<int64_t>(k) * depth_step]);
  }
}

template <class T>
void pack(const void* from, cudaDataType_t type, int64_t line_step, int64_t depth_step, size_t count,
          size_t depth, size_t width, std::vector<T>& panels) {
  const auto as = [&](auto* typed) { pack_as<T>(typed, line_step, depth_step, count, depth, width, panels); };
  if constexpr (sizeof(T) == sizeof(double)) {
    as(static_cast<const double*>(from));
  } else if (type == CUDA_R_16F) {
    as(static_cast<const __half*>(from));
  } else if (type == CUDA_R_16BF) {
    as(static_cast<const __nv_bfloat16*>(from));
  } else {
    as(static_cast<const float*>(from));
  }
}

// sums{rows of a panel, 4} over k; column-major at `to`, of which rows x cols are wanted.
template <class T>
void tile(const T* a, const T* b, size_t depth, T* to, size_t ld, size_t rows, size_t cols) {
  Vector<T> s0{}, s1{}, s2{}, s3{};
  for (size_t k = 0; k < depth; ++k) {
    Vector<T> x;
    std::memcpy(&x, a + k * tile_rows<T>, sizeof x);
    const T* y = b + k * tile_cols;
    s0 += x * y[0];
    s1 += x * y[1];
    s2 += x * y[2];
    s3 += x * y[3];
  }
  const Vector<T>* const sums[tile_cols] = {&s0, &s1, &s2, &s3};
  for (size_t c = 0; c < cols; ++c) std::memcpy(to + c * ld, sums[c], rows * sizeof(T));
}

// sums{m,n}, column-major.
template <class T>
void multiply_batch(const Problem& p, const void* a, const void* b, std::vector<T>& sums) {
  thread_local std::vector<T> left, right;
  const bool ta = p.d.trans_a != CUBLAS_OP_N, tb = p.d.trans_b != CUBLAS_OP_N;
  const int64_t a_row = p.a.row_step(), a_col = p.a.col_step(), b_row = p.b.row_step(),
                b_col = p.b.col_step();
  pack(a, static_cast<cudaDataType_t>(p.a.type), ta ? a_col : a_row, ta ? a_row : a_col, p.m, p.k,
       tile_rows<T>, left);
  pack(b, static_cast<cudaDataType_t>(p.b.type), tb ? b_row : b_col, tb ? b_col : b_row, p.n, p.k, tile_cols,
       right);
  sums.resize(p.m * p.n);
  for (size_t j = 0; j < p.n; j += tile_cols) {
    for (size_t i = 0; i < p.m; i += tile_rows<T>) {
      tile(left.data() + i * p.k, right.data() + j * p.k, p.k, sums.data() + j * p.m + i, p.m,
           std::min(tile_rows<T>, p.m - i), std::min(tile_cols, p.n - j));
    }
  }
}

// cuBLASLt's GELU is the tanh form: x/2 (1 + tanh(u)), u = sqrt(2/pi) (x + 0.044715 x^3).
constexpr double gelu_scale = 0.7978845608028654, gelu_cubic = 0.044715;

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(gelu_scale * (x + gelu_cubic * x * x * x)));
}
double gelu_derivative(double x) {
  const double t = std::tanh(gelu_scale * (x + gelu_cubic * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * gelu_scale * (1 + 3 * gelu_cubic * x * x);
}

// The auxiliary matrix of one batch: a bit an element (ReLU), or the activation's input (GELU).
struct Auxiliary {
  void* data;
  int64_t ld;
  cudaDataType_t type;
  int64_t at(size_t i, size_t j) const { return static_cast<int64_t>(i) + static_cast<int64_t>(j) * ld; }
  bool bit(size_t i, size_t j) const {
    return static_cast<const uint8_t*>(data)[at(i, j) / 8] >> (at(i, j) % 8) & 1;
  }
  void set_bit(size_t i, size_t j, bool value) const {
    uint8_t& byte = static_cast<uint8_t*>(data)[at(i, j) / 8];
    const auto mask = static_cast<uint8_t>(1 << (at(i, j) % 8));
    byte = static_cast<uint8_t>(value ? byte | mask : byte & ~mask);
  }
};

template <class T>
T activated(uint32_t epilogue, const Auxiliary& aux, size_t i, size_t j, T v) {
  switch (epilogue & ~static_cast<uint32_t>(CUBLASLT_EPILOGUE_BIAS | 16)) {
    case CUBLASLT_EPILOGUE_RELU_AUX:
      aux.set_bit(i, j, v > 0);
      [[fallthrough]];
    case CUBLASLT_EPILOGUE_RELU:
      return v > 0 || std::isnan(v) ? v : T(0);
    case CUBLASLT_EPILOGUE_GELU_AUX:
      store(aux.data, aux.type, aux.at(i, j), v);
      [[fallthrough]];
    case CUBLASLT_EPILOGUE_GELU:
      return static_cast<T>(gelu(static_cast<double>(v)));
    case CUBLASLT_EPILOGUE_DRELU:
      return aux.bit(i, j) ? v : T(0);
    case CUBLASLT_EPILOGUE_DGELU:
      return static_cast<T>(static_cast<double>(v) *
                            gelu_derivative(load<double>(aux.data, aux.type, aux.at(i, j))));
    default:
      return v;
  }
}

template <class T>
void finish_batch(const Product& x, int64_t batch, const std::vector<T>& sums) {
  const Problem& p = x.p;
  const auto c_type = static_cast<cudaDataType_t>(p.c.type),
             out_type = static_cast<cudaDataType_t>(p.out.type);
  const void* const c = x.beta != 0 ? of_batch(x.c, p.c, batch) : nullptr;
  void* const out = of_batch(x.out, p.out, batch);
  std::byte* const bias = static_cast<std::byte*>(p.d.bias) +
                          batch * p.d.bias_stride * static_cast<int64_t>(size_of(p.bias_type()));
  const Auxiliary aux{aux_of_batch(p, batch), p.d.aux_ld, p.aux_type()};
  const T alpha = static_cast<T>(x.alpha), beta = static_cast<T>(x.beta);
  std::vector<T> gradient(p.m);
  for (size_t j = 0; j < p.n; ++j) {
    for (size_t i = 0; i < p.m; ++i) {
      const auto row = static_cast<int64_t>(i), col = static_cast<int64_t>(j);
      T v = alpha * sums[j * p.m + i];
      if (c) v += beta * load<T>(c, c_type, row * p.c.row_step() + col * p.c.col_step());
      if (p.d.epilogue & CUBLASLT_EPILOGUE_BIAS) v += load<T>(bias, p.bias_type(), row);
      v = activated(p.d.epilogue, aux, i, j, v);
      gradient[i] += v;
      store(out, out_type, row * p.out.row_step() + col * p.out.col_step(), v);
    }
  }
  if (!has_bias_gradient(p.d)) return;
  for (size_t i = 0; i < p.m; ++i) store(bias, p.bias_type(), static_cast<int64_t>(i), gradient[i]);
}

template <class T>
void multiply_as(const Product& x) {
  std::vector<T> sums;
  for (int64_t batch = 0; batch < x.p.out.batch; ++batch) {
    multiply_batch(x.p, of_batch(x.a, x.p.a, batch), of_batch(x.b, x.p.b, batch), sums);
    finish_batch(x, batch, sums);
  }
}

}  // namespace

void multiply(const Product& product) {
  check_operands(product);
  spoil_workspace(product);
  product.p.a.type == CUDA_R_64F ? multiply_as<double>(product) : multiply_as<float>(product);
  mark_results(product);
}

}  // namespace gpusim::lt
