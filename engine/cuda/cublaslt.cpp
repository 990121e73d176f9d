#include "engine/cuda/cublaslt.h"

#include <dlfcn.h>

#include <functional>
#include <string>
#include <type_traits>

#include "engine/core/error.h"

namespace mosaic::cuda {
namespace {

SymbolSource installed = nullptr;

CublasLt table_from(const std::function<void*(const char*)>& symbol) {
  CublasLt t;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol(name));
    check<BackendError>(function != nullptr, "cublaslt", "the library has no function ", name);
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
  if (installed) return table_from(installed);
  const std::string name = cat("libcublasLt.so.", CUBLAS_VER_MAJOR);
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  check<BackendError>(library != nullptr, "cublaslt", "matrix products on CUDA need ", name, ": ",
                      library ? "" : dlerror());
  return table_from([library](const char* function) { return dlsym(library, function); });
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
