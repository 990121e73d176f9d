// BLAS libraries that happen to be installed, to be measured beside our products: opened at run time, linked
// never.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/kernels/gemm.h"

namespace mosaic::apps {

class BlasPeer {
 public:
  // OpenBLAS (libopenblas.so.0) and BLIS (libblis.so.4), whichever the loader finds.
  static std::vector<BlasPeer> found();

  const std::string& name() const { return name_; }  // "openblas", "blis"
  // Version and what the library took the processor for ("OpenBLAS 0.3.21 ..., Zen").
  const std::string& about() const { return about_; }
  // Whether it computes with OpenMP and so shares our threads. Threads of its own wait by spinning for a
  // while after each product, on cores that are then not ours.
  bool shares_threads() const { return openmp_; }

  // Threads of a product.
  void set_threads(int threads) const { set_threads_(threads); }
  // f32, without bias and epilogue. Products of a batch are calls of their own: CBLAS has no batches.
  void gemm(const kernels::GemmArgs& args) const;

 private:
  using Sgemm = void (*)(int, int, int, int, int, int, float, const float*, int, const float*, int, float,
                         float*, int);
  std::string name_, about_;
  bool openmp_ = true;
  Sgemm sgemm_ = nullptr;
  std::function<void(int)> set_threads_;

  static std::vector<BlasPeer> open(const char* file, const char* name);
};

}  // namespace mosaic::apps
