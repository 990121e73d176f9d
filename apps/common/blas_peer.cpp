#include "apps/common/blas_peer.h"

#include <dlfcn.h>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace {

template <class Function>
Function symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

std::vector<BlasPeer> BlasPeer::found() {
  std::vector<BlasPeer> peers = open("libopenblas.so.0", "openblas");
  for (BlasPeer& peer : open("libblis.so.4", "blis")) peers.push_back(std::move(peer));
  return peers;
}

std::vector<BlasPeer> BlasPeer::open(const char* file, const char* name) {
  // Never closed: its threads live as long as the process.
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {};
  BlasPeer peer;
  peer.name_ = name;
  peer.sgemm_ = symbol<Sgemm>(library, "cblas_sgemm");
  if (const auto set = symbol<void (*)(int)>(library, "openblas_set_num_threads")) {
    const auto config = symbol<char*(*)()>(library, "openblas_get_config"),
               core = symbol<char*(*)()>(library, "openblas_get_corename");
    const auto parallel = symbol<int (*)()>(library, "openblas_get_parallel");
    peer.set_threads_ = set;
    peer.openmp_ = parallel == nullptr || parallel() == 2;
    peer.about_ = cat(config ? config() : "OpenBLAS", ", chose ", core ? core() : "an unknown core");
  } else if (const auto set_blis = symbol<void (*)(int64_t)>(library, "bli_thread_set_num_threads")) {
    const auto version = symbol<char* (*)()>(library, "bli_info_get_version_str");
    const auto arch = symbol<int (*)()>(library, "bli_arch_query_id");
    const auto arch_name = symbol<char* (*)(int)>(library, "bli_arch_string");
    peer.set_threads_ = [set_blis](int threads) { set_blis(threads); };
    peer.about_ = cat("BLIS ", version ? version() : "of unknown version", ", chose ",
                      arch && arch_name ? arch_name(arch()) : "an unknown core");
  }
  if (peer.sgemm_ == nullptr || !peer.set_threads_) return {};
  return {peer};
}

void BlasPeer::gemm(const kernels::GemmArgs& g) const {
  constexpr int row_major = 101, plain = 111, transposed = 112;
  const auto one = [&](int64_t i) {
    sgemm_(row_major, g.trans_a ? transposed : plain, g.trans_b ? transposed : plain, static_cast<int>(g.m),
           static_cast<int>(g.n), static_cast<int>(g.k), static_cast<float>(g.alpha),
           static_cast<const float*>(g.a) + i * g.a0, static_cast<int>(g.lda),
           static_cast<const float*>(g.b) + i * g.b0, static_cast<int>(g.ldb), g.accumulate ? 1.0F : 0.0F,
           static_cast<float*>(g.c) + i * g.c0, static_cast<int>(g.ldc));
  };
  if (g.batch0 == 1) return one(0);
  // The threads divide the batch; each product inside a piece then is one thread's.
  parallel_for(g.batch0, (g.batch0 + threads() - 1) / threads(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) one(i);
  });
}

}  // namespace mosaic::apps
