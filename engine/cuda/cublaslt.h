// cuBLASLt as a table of functions, found at run time: programs start without the library, and tests install
// a table of their own.
#pragma once

#include <cublasLt.h>

#include "engine/cuda/library.h"

namespace mosaic::cuda {

struct CublasLt {
  decltype(&::cublasLtCreate) create = nullptr;
  decltype(&::cublasLtMatmulDescCreate) desc_create = nullptr;
  decltype(&::cublasLtMatmulDescDestroy) desc_destroy = nullptr;
  decltype(&::cublasLtMatmulDescSetAttribute) desc_set = nullptr;
  decltype(&::cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&::cublasLtMatrixLayoutDestroy) layout_destroy = nullptr;
  decltype(&::cublasLtMatrixLayoutSetAttribute) layout_set = nullptr;
  decltype(&::cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&::cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&::cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&::cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;
  decltype(&::cublasLtMatmul) matmul = nullptr;
};

// The table in use. Without install_cublaslt, the first call loads libcublasLt; BackendError when it cannot.
const CublasLt& cublaslt();

// Takes the functions from there instead. To be called before the first product.
void install_cublaslt(SymbolSource symbol);

// BackendError naming the step unless the call succeeded.
void check_cublas(cublasStatus_t status, const char* step);

}  // namespace mosaic::cuda
