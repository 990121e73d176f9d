#include "engine/cuda/cublaslt.h"

#include "engine/core/error.h"

namespace mosaic::cuda {
namespace {

SymbolSource installed = nullptr;

CublasLt table_from(const Symbols& symbols) {
  CublasLt t;
  const auto find = [&](auto& function, const char* name) {
    cuda::find(symbols, "cublaslt", name, function);
  };
  find(t.create, "cublasLtCreate");
  find(t.desc_create, "cublasLtMatmulDescCreate");
  find(t.desc_destroy, "cublasLtMatmulDescDestroy");
  find(t.desc_set, "cublasLtMatmulDescSetAttribute");
  find(t.layout_create, "cublasLtMatrixLayoutCreate");
  find(t.layout_destroy, "cublasLtMatrixLayoutDestroy");
  find(t.layout_set, "cublasLtMatrixLayoutSetAttribute");
  find(t.preference_create, "cublasLtMatmulPreferenceCreate");
  find(t.preference_destroy, "cublasLtMatmulPreferenceDestroy");
  find(t.preference_set, "cublasLtMatmulPreferenceSetAttribute");
  find(t.heuristic, "cublasLtMatmulAlgoGetHeuristic");
  find(t.matmul, "cublasLtMatmul");
  return t;
}

CublasLt load() {
  return table_from(installed ? Symbols(installed)
                              : load_library(cat("libcublasLt.so.", CUBLAS_VER_MAJOR), "cublaslt",
                                             "a matrix product on CUDA"));
}

}  // namespace

const CublasLt& cublaslt() {
  static const CublasLt table = load();
  return table;
}

void install_cublaslt(SymbolSource symbol) {
  installed = symbol;
}

void check_cublas(cublasStatus_t status, const char* step) {
  check<BackendError>(status == CUBLAS_STATUS_SUCCESS, "gemm", "cuBLASLt refused ", step, " with status ",
                      static_cast<int>(status));
}

}  // namespace mosaic::cuda
