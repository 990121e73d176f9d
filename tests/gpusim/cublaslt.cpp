// cuBLASLt's choice of an algorithm and its product, which runs in the order of its stream.
#include "tests/gpusim/cublaslt.h"

#include <cstring>
#include <initializer_list>
#include <string_view>

#include "tests/gpusim/simulator.h"
#include "tests/gpusim/streams.h"

namespace gpusim {
namespace lt {
namespace {

// What an algorithm was chosen for, inside cublasLtMatmulAlgo_t.
struct Choice {
  uint64_t magic, problem, workspace;
  uint32_t align[4];  // of A, B, C and D
};
static_assert(sizeof(Choice) <= sizeof(cublasLtMatmulAlgo_t));
constexpr uint64_t choice_magic = 0x6d69737570670000, workspace_wanted = 64 << 10;

// Of what an algorithm depends on (FNV-1a).
uint64_t fingerprint(const Problem& p) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](auto value) { hash = (hash ^ static_cast<uint64_t>(value)) * 0x100000001b3; };
  for (const uint64_t size : {p.m, p.n, p.k}) mix(size);
  for (const int32_t op : {p.d.trans_a, p.d.trans_b}) mix(op);
  mix(p.d.compute);
  mix(p.d.epilogue);
  for (const Layout* l : {&p.a, &p.b, &p.c, &p.out}) {
    mix(l->type);
    mix(l->ld);
    mix(l->order);
  }
  return hash;
}

cublasStatus_t heuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t a,
                         cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t out,
                         cublasLtMatmulPreference_t preference, int wanted,
                         cublasLtMatmulHeuristicResult_t* results, int* count) {
  if (!is_handle(handle)) return refuse(CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
  const Preference* preferred = find(preference);
  if (!preferred || wanted < 1 || !results || !count) {
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "no preference, or no place for algorithms");
  }
  *count = 0;
  Problem p;
  if (const cublasStatus_t status = describe(d, a, b, c, out, p); status != CUBLAS_STATUS_SUCCESS)
    return status;
  const Choice choice{choice_magic,
                      fingerprint(p),
                      preferred->workspace >= workspace_wanted ? workspace_wanted : 0,
                      {preferred->align_a, preferred->align_b, preferred->align_c, preferred->align_d}};
  *results = {};
  std::memcpy(&results->algo, &choice, sizeof choice);
  results->workspaceSize = choice.workspace;
  results->state = CUBLAS_STATUS_SUCCESS;
  results->wavesCount = 1;
  *count = 1;
  return CUBLAS_STATUS_SUCCESS;
}

bool aligned(const void* data, uint32_t to) {
  return to != 0 && reinterpret_cast<uintptr_t>(data) % to == 0;
}

// Takes the algorithm's demands, or refuses.
cublasStatus_t apply(const cublasLtMatmulAlgo_t& algorithm, size_t workspace_bytes, Product& x) {
  Choice choice;
  std::memcpy(&choice, &algorithm, sizeof choice);
  if (choice.magic != choice_magic) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no algorithm of ours");
  if (choice.problem != fingerprint(x.p)) {
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "the algorithm was chosen for another product");
  }
  const void* const data[] = {x.a, x.b, x.beta != 0 ? x.c : x.out, x.out};
  for (int i = 0; i < 4; ++i) {
    if (!aligned(data[i], choice.align[i])) {
      return refuse(CUBLAS_STATUS_INVALID_VALUE, std::string(1, "ABCD"[i]) + " is not aligned to " +
                                                     std::to_string(choice.align[i]) +
                                                     " bytes as the algorithm expects");
    }
  }
  if (choice.workspace > workspace_bytes || (choice.workspace > 0 && !aligned(x.workspace, 16))) {
    return refuse(
        CUBLAS_STATUS_INVALID_VALUE,
        "the algorithm needs a workspace of " + std::to_string(choice.workspace) + " bytes, aligned to 16");
  }
  x.workspace_bytes = choice.workspace;
  return CUBLAS_STATUS_SUCCESS;
}

double factor(const void* value, cudaDataType_t type) {
  if (type == CUDA_R_64F) return *static_cast<const double*>(value);
  return static_cast<double>(*static_cast<const float*>(value));
}

cublasStatus_t matmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t d, const void* alpha, const void* a,
                      cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout,
                      const void* beta, const void* c, cublasLtMatrixLayout_t c_layout, void* out,
                      cublasLtMatrixLayout_t out_layout, const cublasLtMatmulAlgo_t* algorithm,
                      void* workspace, size_t workspace_bytes, cudaStream_t stream_handle) {
  if (!is_handle(handle)) return refuse(CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
  Product x;
  const cublasStatus_t described = describe(d, a_layout, b_layout, c_layout, out_layout, x.p);
  if (described != CUBLAS_STATUS_SUCCESS) return described;
  if (!alpha || !beta || !a || !b || !out) return refuse(CUBLAS_STATUS_INVALID_VALUE, "an operand is null");
  x.alpha = factor(alpha, x.p.d.scale);
  x.beta = factor(beta, x.p.d.scale);
  x.a = a;
  x.b = b;
  x.c = c;
  x.out = out;
  x.workspace = workspace;
  if (x.beta != 0 && !c) return refuse(CUBLAS_STATUS_INVALID_VALUE, "beta is not 0, and C is null");
  const Layout &lc = x.p.c, &lo = x.p.out;
  if (c == out && x.beta != 0 && (lc.ld != lo.ld || lc.order != lo.order || lc.stride != lo.stride)) {
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "C is the result, with another layout");
  }
  if (algorithm) {
    const cublasStatus_t applied = apply(*algorithm, workspace_bytes, x);
    if (applied != CUBLAS_STATUS_SUCCESS) return applied;
  }
  const auto stream = Streams::instance().find(stream_handle);
  if (!stream) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no such stream");
  Streams::instance().queue(stream, [x] { multiply(x); });
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace
}  // namespace lt

void* cublaslt_symbol(const char* name) {
  const std::string_view wanted = name;
  if (wanted == "cublasLtMatmul") return reinterpret_cast<void*>(lt::matmul);
  if (wanted == "cublasLtMatmulAlgoGetHeuristic") return reinterpret_cast<void*>(lt::heuristic);
  return lt::descriptor_symbol(name);
}

}  // namespace gpusim
