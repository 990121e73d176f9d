// Matrix products by cuBLASLt. It thinks in columns: a row-major matrix is its transpose there, so C = op(A)
// op(B) is asked for as C' = op(B)' op(A)', with the operands exchanged and everything else as it is.
#include "engine/kernels/gemm.h"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <type_traits>

#include "engine/core/error.h"
#include "engine/cuda/cublaslt.h"
#include "engine/cuda/families.h"
#include "engine/cuda/gemm_terms.h"
#include "engine/cuda/recent.h"
#include "engine/cuda/runtime.h"

namespace mosaic::kernels::gpu {
namespace {

using cuda::check_cublas;
using cuda::cublaslt;

constexpr size_t workspace_bytes = size_t{8} << 20;
constexpr size_t most_plans = 1024;  // a supernet has a product's shape for every choice of widths

struct Context {
  cublasLtHandle_t handle = nullptr;
  cuda::Scratch workspace{workspace_bytes};
  Context() { check_cublas(cublaslt().create(&handle), "a handle"); }
};
// Of the current device. Never destroyed, as the library may be gone by then.
Context& context() {
  static std::map<int, Context*> contexts;
  Context*& here = contexts[cuda::current_device()];
  if (here == nullptr) here = new Context;
  return *here;
}

// The largest power of two up to 256 that divides the address and every step taken from it.
uint32_t alignment(const void* data, int64_t stride_bytes) {
  const auto bits = reinterpret_cast<uintptr_t>(data) | static_cast<uintptr_t>(stride_bytes) | 256;
  return static_cast<uint32_t>(bits & (~bits + 1));
}

// One call of the library: batch0 has become the caller's loop, or one axis with batch1.
struct Request {
  GemmArgs g;
  int64_t batch;
  bool fused;  // the library adds bias and applies the epilogue
  auto key() const {
    const int64_t size = size_of(g.dtype), result_size = size_of(result_type(g));
    return std::tuple(std::tuple(g.dtype, g.wide, g.m, g.n, g.k, g.trans_a, g.trans_b, g.lda, g.ldb, g.ldc),
                      std::tuple(batch, g.a1, g.b1, g.c1, fused && g.bias != nullptr, fused, g.epilogue),
                      std::tuple(cuda::current_device(), alignment(g.a, g.a1 * size),
                                 alignment(g.b, g.b1 * size), alignment(g.c, g.c1 * result_size)));
  }
};

struct Destroy {
  void operator()(cublasLtMatmulDesc_t desc) const { cublaslt().desc_destroy(desc); }
  void operator()(cublasLtMatrixLayout_t layout) const { cublaslt().layout_destroy(layout); }
  void operator()(cublasLtMatmulPreference_t preference) const { cublaslt().preference_destroy(preference); }
};
template <class Handle>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy>;
using OwnedLayout = Owned<cublasLtMatrixLayout_t>;

// What the library prepares once for products of equal description.
struct Plan {
  Owned<cublasLtMatmulDesc_t> desc;
  OwnedLayout first, second, result;
  cublasLtMatmulAlgo_t algorithm{};
};

template <class T>
void set(const Plan& plan, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  check_cublas(cublaslt().desc_set(plan.desc.get(), attribute, &value, sizeof value),
               "a product's attribute");
}

OwnedLayout layout(cudaDataType_t type, int64_t rows, int64_t cols, int64_t ld, int64_t batch,
                   int64_t stride) {
  cublasLtMatrixLayout_t handle = nullptr;
  check_cublas(
      cublaslt().layout_create(&handle, type, static_cast<uint64_t>(rows), static_cast<uint64_t>(cols), ld),
      "a layout");
  OwnedLayout made(handle);
  const auto count = static_cast<int32_t>(batch);
  check_cublas(cublaslt().layout_set(handle, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
               "a batch count");
  check_cublas(
      cublaslt().layout_set(handle, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride),
      "a batch stride");
  return made;
}

cublasLtEpilogue_t epilogue_of(const Request& r) {
  if (!r.fused) return CUBLASLT_EPILOGUE_DEFAULT;
  const bool relu = r.g.epilogue == Epilogue::relu;
  if (r.g.bias) return relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
  return relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_DEFAULT;
}

void choose_algorithm(const Request& r, Plan& plan) {
  cublasLtMatmulPreference_t handle = nullptr;
  check_cublas(cublaslt().preference_create(&handle), "a preference");
  const Owned<cublasLtMatmulPreference_t> preference(handle);
  const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    check_cublas(cublaslt().preference_set(handle, attribute, &value, sizeof value), "a preference");
  };
  const GemmArgs& g = r.g;
  const int64_t size = size_of(g.dtype), result_size = size_of(result_type(g));
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace_bytes);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment(g.b, g.b1 * size));  // operands are exchanged
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment(g.a, g.a1 * size));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment(g.c, g.c1 * result_size));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment(g.c, g.c1 * result_size));
  cublasLtMatmulHeuristicResult_t found{};
  int count = 0;
  check_cublas(cublaslt().heuristic(context().handle, plan.desc.get(), plan.first.get(), plan.second.get(),
                                    plan.result.get(), plan.result.get(), handle, 1, &found, &count),
               "to choose an algorithm");
  check<BackendError>(count > 0, "gemm", "cuBLASLt has no algorithm for m ", g.m, ", n ", g.n, ", k ", g.k,
                      " of ", g.dtype, " to ", result_type(g));
  plan.algorithm = found.algo;
}

cudaDataType_t type_of(DType dtype) {
  switch (dtype) {
    case f64:
      return CUDA_R_64F;
    case bf16:
      return CUDA_R_16BF;
    case f16:
      return CUDA_R_16F;
    default:
      return CUDA_R_32F;
  }
}

// Products of half types are summed in f32 and rounded once, or not at all.
Plan make_plan(const Request& r) {
  const GemmArgs& g = r.g;
  const bool wide = g.dtype == f64;
  const cudaDataType_t type = type_of(g.dtype);
  Plan plan;
  cublasLtMatmulDesc_t desc = nullptr;
  check_cublas(cublaslt().desc_create(&desc, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                                      wide ? CUDA_R_64F : CUDA_R_32F),
               "a product");
  plan.desc.reset(desc);
  set(plan, CUBLASLT_MATMUL_DESC_TRANSA, g.trans_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(plan, CUBLASLT_MATMUL_DESC_TRANSB, g.trans_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(plan, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(r));
  plan.first = layout(type, g.trans_b ? g.k : g.n, g.trans_b ? g.n : g.k, g.ldb, r.batch, g.b1);
  plan.second = layout(type, g.trans_a ? g.m : g.k, g.trans_a ? g.k : g.m, g.lda, r.batch, g.a1);
  plan.result = layout(type_of(result_type(g)), g.n, g.m, g.ldc, r.batch, g.c1);
  if (r.fused && g.bias) set(plan, CUBLASLT_MATMUL_DESC_BIAS_POINTER, g.bias);
  choose_algorithm(r, plan);
  return plan;
}

template <class T>
void multiply(const Request& r, const Plan& plan) {
  const GemmArgs& g = r.g;
  const T alpha = static_cast<T>(g.alpha), beta = g.accumulate ? T(1) : T(0);
  check_cublas(
      cublaslt().matmul(context().handle, plan.desc.get(), &alpha, g.b, plan.first.get(), g.a,
                        plan.second.get(), &beta, g.c, plan.result.get(), g.c, plan.result.get(),
                        &plan.algorithm, context().workspace.data(), workspace_bytes, cuda::stream()),
      "a product");
}

void run(const Request& r) {
  static std::mutex mutex;  // plans are changed (the bias pointer) and shared
  // Never destroyed, as the contexts.
  static auto& plans = *new cuda::Recent<decltype(r.key()), Plan>(most_plans);
  const std::lock_guard lock(mutex);
  const Plan& plan = plans.get(r.key(), [&r] { return make_plan(r); });
  if (r.fused && r.g.bias) set(plan, CUBLASLT_MATMUL_DESC_BIAS_POINTER, r.g.bias);
  r.g.dtype == f64 ? multiply<double>(r, plan) : multiply<float>(r, plan);
}

const void* moved(const void* data, int64_t elements, DType dtype) {
  return static_cast<const char*>(data) + elements * size_of(dtype);
}

struct CudaGemm final : Gemm {
  void gemm(const GemmArgs& args) const override {
    check_gemm(args);
    if (args.m == 0 || args.n == 0 || args.batch0 == 0 || args.batch1 == 0) return;
    // Epilogues of f64 and products without terms are ours.
    const bool fused = args.dtype != f64 && args.k > 0;
    if (args.k > 0) multiply_batches(args, fused);
    if (!fused && (args.k == 0 || args.bias || args.epilogue != Epilogue::none)) finish_product(args);
  }

 private:
  static void multiply_batches(GemmArgs g, bool fused) {
    const bool one_axis = g.batch0 == 1 || g.batch1 == 1 ||
                          (g.a0 == g.a1 * g.batch1 && g.b0 == g.b1 * g.batch1 && g.c0 == g.c1 * g.batch1);
    if (one_axis) {
      if (g.batch1 == 1) g.a1 = g.a0, g.b1 = g.b0, g.c1 = g.c0;
      return run({g, g.batch0 * g.batch1, fused});
    }
    for (int64_t i = 0; i < g.batch0; ++i) {
      GemmArgs part = g;
      part.a = moved(g.a, i * g.a0, g.dtype);
      part.b = moved(g.b, i * g.b0, g.dtype);
      part.c = const_cast<void*>(moved(g.c, i * g.c0, result_type(g)));
      run({part, g.batch1, fused});
    }
  }
};

}  // namespace

const Gemm& gemm() {
  static constexpr CudaGemm kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
