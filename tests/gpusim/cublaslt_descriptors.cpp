// What is described before a product: its kind, the layouts of its matrices, and preferences.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "tests/gpusim/cublaslt.h"
#include "tests/gpusim/objects.h"

namespace gpusim {
namespace {

thread_local std::string refusal;

struct Context {
  char unused = 0;
};

}  // namespace

size_t cublaslt_objects() {
  return Objects<Context>::instance().size() + Objects<lt::Description>::instance().size() +
         Objects<lt::Layout>::instance().size() + Objects<lt::Preference>::instance().size();
}
const std::string& cublaslt_refusal() {
  return refusal;
}

namespace lt {

cublasStatus_t refuse(cublasStatus_t status, const std::string& why) {
  refusal = why;
  const char* level = std::getenv("CUBLASLT_LOG_LEVEL");
  if (level && std::atoi(level) >= 1) std::fprintf(stderr, "[gpusim] cuBLASLt: %s\n", why.c_str());
  return status;
}

bool is_handle(cublasLtHandle_t handle) {
  return Objects<Context>::instance().find(handle) != nullptr;
}
const Preference* find(cublasLtMatmulPreference_t preference) {
  return Objects<Preference>::instance().find(preference);
}

namespace {

template <class T>
cublasStatus_t assign(T& to, const void* from, size_t bytes) {
  if (bytes != sizeof to) {
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute of " + std::to_string(sizeof to) +
                                                   " bytes is given as one of " + std::to_string(bytes));
  }
  std::memcpy(&to, from, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t unknown(const char* what, int attribute) {
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED,
                std::string(what) + " attribute " + std::to_string(attribute) + " is not simulated");
}

template <class T, class Handle>
cublasStatus_t destroy(Handle handle) {
  return Objects<T>::instance().remove(handle)
             ? CUBLAS_STATUS_SUCCESS
             : refuse(CUBLAS_STATUS_INVALID_VALUE, "what is destroyed is not there");
}

cublasStatus_t create(cublasLtHandle_t* handle) {
  if (!handle) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no place for a handle");
  Objects<Context>::instance().add(handle, {});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t create_description(cublasLtMatmulDesc_t* handle, cublasComputeType_t compute,
                                  cudaDataType_t scale) {
  if (!handle) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no place for a description");
  Description made;
  made.compute = compute;
  made.scale = scale;
  Objects<Description>::instance().add(handle, made);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t set_description(cublasLtMatmulDesc_t handle, cublasLtMatmulDescAttributes_t attribute,
                               const void* value, size_t bytes) {
  Description* d = Objects<Description>::instance().find(handle);
  if (!d || !value) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no description, or no value for it");
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_COMPUTE_TYPE:
      return assign(d->compute, value, bytes);
    case CUBLASLT_MATMUL_DESC_SCALE_TYPE:
      return assign(d->scale, value, bytes);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
      return assign(d->pointer_mode, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return assign(d->trans_a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return assign(d->trans_b, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSC:
      return assign(d->trans_c, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return assign(d->epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return assign(d->bias, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE:
      return assign(d->bias_stride, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
      return assign(d->bias_type, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER:
      return assign(d->aux, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD:
      return assign(d->aux_ld, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE:
      return assign(d->aux_stride, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE:
      return assign(d->aux_type, value, bytes);
    default:
      return unknown("a product's", attribute);
  }
}

cublasStatus_t create_layout(cublasLtMatrixLayout_t* handle, cudaDataType type, uint64_t rows, uint64_t cols,
                             int64_t ld) {
  if (!handle) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no place for a layout");
  Layout made;
  made.type = static_cast<uint32_t>(type);
  made.rows = rows;
  made.cols = cols;
  made.ld = ld;
  Objects<Layout>::instance().add(handle, made);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t set_layout(cublasLtMatrixLayout_t handle, cublasLtMatrixLayoutAttribute_t attribute,
                          const void* value, size_t bytes) {
  Layout* l = Objects<Layout>::instance().find(handle);
  if (!l || !value) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no layout, or no value for it");
  switch (attribute) {
    case CUBLASLT_MATRIX_LAYOUT_TYPE:
      return assign(l->type, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_ORDER:
      return assign(l->order, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_ROWS:
      return assign(l->rows, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_COLS:
      return assign(l->cols, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_LD:
      return assign(l->ld, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
      return assign(l->batch, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
      return assign(l->stride, value, bytes);
    default:
      return unknown("a layout's", attribute);
  }
}

cublasStatus_t create_preference(cublasLtMatmulPreference_t* handle) {
  if (!handle) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no place for a preference");
  Objects<Preference>::instance().add(handle, {});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t set_preference(cublasLtMatmulPreference_t handle,
                              cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
                              size_t bytes) {
  Preference* p = Objects<Preference>::instance().find(handle);
  if (!p || !value) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no preference, or no value for it");
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return assign(p->workspace, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
      return assign(p->align_a, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
      return assign(p->align_b, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
      return assign(p->align_c, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return assign(p->align_d, value, bytes);
    default:
      return unknown("a preference's", attribute);
  }
}

}  // namespace

const Description* find(cublasLtMatmulDesc_t handle) {
  return Objects<Description>::instance().find(handle);
}
const Layout* find(cublasLtMatrixLayout_t handle) {
  return Objects<Layout>::instance().find(handle);
}

void* descriptor_symbol(const char* name) {
  static const std::map<std::string, void*> functions{
      {"cublasLtCreate", reinterpret_cast<void*>(create)},
      {"cublasLtDestroy", reinterpret_cast<void*>(destroy<Context, cublasLtHandle_t>)},
      {"cublasLtMatmulDescCreate", reinterpret_cast<void*>(create_description)},
      {"cublasLtMatmulDescDestroy", reinterpret_cast<void*>(destroy<Description, cublasLtMatmulDesc_t>)},
      {"cublasLtMatmulDescSetAttribute", reinterpret_cast<void*>(set_description)},
      {"cublasLtMatrixLayoutCreate", reinterpret_cast<void*>(create_layout)},
      {"cublasLtMatrixLayoutDestroy", reinterpret_cast<void*>(destroy<Layout, cublasLtMatrixLayout_t>)},
      {"cublasLtMatrixLayoutSetAttribute", reinterpret_cast<void*>(set_layout)},
      {"cublasLtMatmulPreferenceCreate", reinterpret_cast<void*>(create_preference)},
      {"cublasLtMatmulPreferenceDestroy",
       reinterpret_cast<void*>(destroy<Preference, cublasLtMatmulPreference_t>)},
      {"cublasLtMatmulPreferenceSetAttribute", reinterpret_cast<void*>(set_preference)},
  };
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}

}  // namespace lt
}  // namespace gpusim
