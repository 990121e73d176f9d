// Which products cuBLASLt takes: sizes, types, leading dimensions, batches and epilogues that fit together.
#include "tests/gpusim/cublaslt.h"

namespace gpusim::lt {
namespace {

constexpr uint32_t with_aux = 128, with_bias = CUBLASLT_EPILOGUE_BIAS, with_gradient = 16;

cublasStatus_t invalid(const std::string& why) {
  return refuse(CUBLAS_STATUS_INVALID_VALUE, why);
}
cublasStatus_t unsupported(const std::string& why) {
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED, why);
}

std::string sizes(uint64_t rows, uint64_t cols) {
  return std::string("{") + std::to_string(rows) + ", " + std::to_string(cols) + "}";
}

cublasStatus_t check_layout(const std::string& name, const Layout& l) {
  if (l.order != CUBLASLT_ORDER_COL && l.order != CUBLASLT_ORDER_ROW) {
    return unsupported(name + ": only column and row order are simulated");
  }
  if (l.rows == 0 || l.cols == 0) return invalid(name + " is empty: " + sizes(l.rows, l.cols));
  if (l.ld < 0 || static_cast<uint64_t>(l.ld) < l.line()) {
    return invalid(name + ": its leading dimension " + std::to_string(l.ld) + " is less than its " +
                   std::to_string(l.line()) + (l.by_rows() ? " columns" : " rows"));
  }
  if (l.batch < 1) return invalid(name + ": its batch count is " + std::to_string(l.batch));
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_types(const Problem& p) {
  const auto type = static_cast<cudaDataType_t>(p.a.type), out = static_cast<cudaDataType_t>(p.out.type);
  if (p.b.type != p.a.type) return unsupported("A and B are of different types");
  if (p.c.type != p.out.type) return unsupported("C and D are of different types");
  if (type == CUDA_R_64F) {
    const bool right = out == CUDA_R_64F && p.d.scale == CUDA_R_64F &&
                       (p.d.compute == CUBLAS_COMPUTE_64F || p.d.compute == CUBLAS_COMPUTE_64F_PEDANTIC);
    if (!right) return unsupported("f64 is multiplied in f64, with factors and results of f64");
    if (p.d.epilogue != CUBLASLT_EPILOGUE_DEFAULT) return unsupported("products in f64 have no epilogues");
    return CUBLAS_STATUS_SUCCESS;
  }
  const bool narrow = type == CUDA_R_16F || type == CUDA_R_16BF;
  if (type != CUDA_R_32F && !narrow) return unsupported("A and B are f32, f64, f16 or bf16");
  if (out != CUDA_R_32F && out != type) return unsupported("C and D are f32 or of the type of A and B");
  switch (p.d.compute) {
    case CUBLAS_COMPUTE_32F:
    case CUBLAS_COMPUTE_32F_PEDANTIC:
      break;
    case CUBLAS_COMPUTE_32F_FAST_TF32:
    case CUBLAS_COMPUTE_32F_FAST_16F:
    case CUBLAS_COMPUTE_32F_FAST_16BF:
      if (narrow) return unsupported("the fast kinds of f32 are for operands of f32");
      break;
    default:
      return unsupported("f32, f16 and bf16 are multiplied in f32");
  }
  return p.d.scale == CUDA_R_32F ? CUBLAS_STATUS_SUCCESS : unsupported("alpha and beta are not f32");
}

cublasStatus_t check_batches(const Problem& p) {
  if (p.a.batch != p.out.batch || p.b.batch != p.out.batch || p.c.batch != p.out.batch) {
    return invalid("batch counts differ");
  }
  const auto step = static_cast<uint64_t>(p.out.stride < 0 ? -p.out.stride : p.out.stride);
  if (p.out.batch > 1 && step < p.out.line()) return invalid("the batches of the result overlap");
  return CUBLAS_STATUS_SUCCESS;
}

bool is_epilogue(uint32_t e) {
  switch (e) {
    case CUBLASLT_EPILOGUE_DEFAULT:
    case CUBLASLT_EPILOGUE_BIAS:
    case CUBLASLT_EPILOGUE_RELU:
    case CUBLASLT_EPILOGUE_RELU_BIAS:
    case CUBLASLT_EPILOGUE_RELU_AUX:
    case CUBLASLT_EPILOGUE_RELU_AUX_BIAS:
    case CUBLASLT_EPILOGUE_GELU:
    case CUBLASLT_EPILOGUE_GELU_BIAS:
    case CUBLASLT_EPILOGUE_GELU_AUX:
    case CUBLASLT_EPILOGUE_GELU_AUX_BIAS:
    case CUBLASLT_EPILOGUE_DRELU:
    case CUBLASLT_EPILOGUE_DRELU_BGRAD:
    case CUBLASLT_EPILOGUE_DGELU:
    case CUBLASLT_EPILOGUE_DGELU_BGRAD:
      return true;
    default:
      return false;
  }
}

cublasStatus_t check_epilogue(const Problem& p) {
  const uint32_t e = p.d.epilogue;
  if (!is_epilogue(e)) return unsupported("epilogue " + std::to_string(e) + " is not simulated");
  const auto known = [&](cudaDataType_t type) {
    return type == CUDA_R_32F || type == static_cast<cudaDataType_t>(p.out.type);
  };
  if (e & (with_bias | with_gradient)) {
    if (!p.d.bias) return invalid("an epilogue with bias has no bias pointer");
    if (!known(p.bias_type())) return unsupported("the bias is f32 or of the type of the result");
  }
  if (!(e & with_aux)) return CUBLAS_STATUS_SUCCESS;
  const bool bits = e & (CUBLASLT_EPILOGUE_RELU | 8);  // a mask
  const int64_t multiple = bits ? 128 : 8;
  if (!p.d.aux) return invalid("an epilogue with an auxiliary matrix has no pointer to it");
  if (!bits && !known(p.aux_type())) {
    return unsupported("the auxiliary matrix is f32 or of the type of the result");
  }
  if (p.d.aux_ld % multiple != 0 || p.d.aux_ld < static_cast<int64_t>(p.m)) {
    return invalid("the auxiliary matrix's leading dimension " + std::to_string(p.d.aux_ld) +
                   " is no multiple of " + std::to_string(multiple) + " from " + std::to_string(p.m));
  }
  return p.d.aux_stride % multiple == 0
             ? CUBLAS_STATUS_SUCCESS
             : invalid("the auxiliary matrix's batch stride is no multiple of " + std::to_string(multiple));
}

cublasStatus_t check_sizes(Problem& p) {
  const bool ta = p.d.trans_a != CUBLAS_OP_N, tb = p.d.trans_b != CUBLAS_OP_N;
  p.m = ta ? p.a.cols : p.a.rows;
  p.k = ta ? p.a.rows : p.a.cols;
  p.n = tb ? p.b.rows : p.b.cols;
  const uint64_t k = tb ? p.b.cols : p.b.rows;
  if (p.k != k) {
    return invalid("op(A) has " + std::to_string(p.k) + " columns, op(B) " + std::to_string(k) + " rows");
  }
  for (const auto* l : {&p.c, &p.out}) {
    if (l->rows != p.m || l->cols != p.n) {
      return invalid("C and D are to be " + sizes(p.m, p.n) + ", one is " + sizes(l->rows, l->cols));
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

cudaDataType_t Problem::bias_type() const {
  return static_cast<cudaDataType_t>(d.bias_type < 0 ? static_cast<int32_t>(out.type) : d.bias_type);
}
cudaDataType_t Problem::aux_type() const {
  return static_cast<cudaDataType_t>(d.aux_type < 0 ? static_cast<int32_t>(out.type) : d.aux_type);
}

size_t size_of(cudaDataType_t type) {
  switch (type) {
    case CUDA_R_64F:
      return 8;
    case CUDA_R_32F:
      return 4;
    case CUDA_R_16F:
    case CUDA_R_16BF:
      return 2;
    default:
      return 0;
  }
}

cublasStatus_t describe(cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                        cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t out, Problem& p) {
  const Description* description = find(d);
  const Layout *la = find(a), *lb = find(b), *lc = find(c), *ld = find(out);
  if (!description || !la || !lb || !lc || !ld) return invalid("a description or a layout is not there");
  p.d = *description;
  p.a = *la;
  p.b = *lb;
  p.c = *lc;
  p.out = *ld;
  if (p.d.trans_c != CUBLAS_OP_N) return unsupported("C is not transposed");
  if (p.d.pointer_mode != CUBLASLT_POINTER_MODE_HOST) {
    return unsupported("alpha and beta are taken from the host only");
  }
  for (const int32_t op : {p.d.trans_a, p.d.trans_b}) {
    if (op != CUBLAS_OP_N && op != CUBLAS_OP_T && op != CUBLAS_OP_C) return invalid("no such transposition");
  }
  cublasStatus_t status = check_types(p);
  if (status == CUBLAS_STATUS_SUCCESS) status = check_layout("A", p.a);
  if (status == CUBLAS_STATUS_SUCCESS) status = check_layout("B", p.b);
  if (status == CUBLAS_STATUS_SUCCESS) status = check_layout("C", p.c);
  if (status == CUBLAS_STATUS_SUCCESS) status = check_layout("D", p.out);
  if (status == CUBLAS_STATUS_SUCCESS) status = check_sizes(p);
  if (status == CUBLAS_STATUS_SUCCESS) status = check_batches(p);
  return status == CUBLAS_STATUS_SUCCESS ? check_epilogue(p) : status;
}

}  // namespace gpusim::lt
