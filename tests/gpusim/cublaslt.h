// The simulator's cuBLASLt: what it tells tests beside CUDA's own interface, and its parts.
#pragma once

#include <cublasLt.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace gpusim {

// Descriptors, layouts, preferences and handles that were made and not destroyed.
size_t cublaslt_objects();
// Why this thread's last call was refused.
const std::string& cublaslt_refusal();

namespace lt {

struct Description {
  cublasComputeType_t compute{};
  cudaDataType_t scale{};
  int32_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  int32_t trans_a = CUBLAS_OP_N, trans_b = CUBLAS_OP_N, trans_c = CUBLAS_OP_N;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  void* bias = nullptr;
  int64_t bias_stride = 0;
  int32_t bias_type = -1;  // -1: as the result
  void* aux = nullptr;
  int64_t aux_ld = 0, aux_stride = 0;
  int32_t aux_type = -1;  // -1: as the result
};

struct Layout {
  uint32_t type = 0;  // cudaDataType_t
  uint64_t rows = 0, cols = 0;
  int64_t ld = 0;
  int32_t order = CUBLASLT_ORDER_COL, batch = 1;
  int64_t stride = 0;
  bool by_rows() const { return order == CUBLASLT_ORDER_ROW; }
  // Lines of elements next to one another: columns, or rows where the order says so.
  uint64_t lines() const { return by_rows() ? rows : cols; }
  uint64_t line() const { return by_rows() ? cols : rows; }
  int64_t row_step() const { return by_rows() ? ld : 1; }
  int64_t col_step() const { return by_rows() ? 1 : ld; }
};

struct Preference {
  uint64_t workspace = 0;
  uint32_t align_a = 256, align_b = 256, align_c = 256, align_d = 256;
};

// out{m,n} = epilogue(alpha op(a){m,k} op(b){k,n} + beta c{m,n}).
struct Problem {
  Description d;
  Layout a, b, c, out;
  uint64_t m = 0, n = 0, k = 0;
  cudaDataType_t bias_type() const;
  cudaDataType_t aux_type() const;
};

// A problem with its data, which may run later.
struct Product {
  Problem p;
  double alpha = 1, beta = 0;
  const void *a = nullptr, *b = nullptr, *c = nullptr;
  void* out = nullptr;
  void* workspace = nullptr;
  size_t workspace_bytes = 0;  // that the algorithm uses
};

// Keeps the reason for cublaslt_refusal, and with CUBLASLT_LOG_LEVEL of 1 or more prints it.
cublasStatus_t refuse(cublasStatus_t status, const std::string& why);

size_t size_of(cudaDataType_t type);  // 0 for types that are not simulated
cublasStatus_t describe(cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                        cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t out, Problem& p);
bool is_handle(cublasLtHandle_t handle);
// Null for what was not made, or was destroyed.
const Description* find(cublasLtMatmulDesc_t description);
const Layout* find(cublasLtMatrixLayout_t layout);
const Preference* find(cublasLtMatmulPreference_t preference);
// Multiplies, in device memory. Fault where operands do not lie in live memory or were not written.
void multiply(const Product& product);

// Parts of the table of functions.
void* descriptor_symbol(const char* name);

}  // namespace lt
}  // namespace gpusim
