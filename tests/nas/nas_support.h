// Helpers shared by the search tests: a folder that cleans up after itself and landscapes with known optima.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "engine/core/error.h"
#include "mos/cost.h"
#include "nas/evaluator.h"

namespace mosaic::nas {

class TestFolder {
 public:
  explicit TestFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / cat("mosaic_nas_", name, "_", ::getpid())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Larger is better, with a term that couples neighbouring layers so that genes are not independent.
inline Score landscape(const mos::Space& space, const mos::Arch& arch) {
  double loss = 6 - 2e-7 * static_cast<double>(mos::parameters(space, arch));
  const auto& ffn = arch.values("decoder.ffn");
  for (size_t l = 1; l < ffn.size(); ++l) loss += ffn[l] < ffn[l - 1] ? 0.01 : 0;
  for (const double h : arch.values("decoder.self_heads")) loss -= 0.002 * h;
  for (const double a : arch.values("decoder.arbitrary")) loss -= a == 1 ? 0.003 : 0;
  return {.loss = loss, .measures = {{"twice", 2 * loss}}};
}

template <class F>
std::string refusal(F&& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace mosaic::nas
