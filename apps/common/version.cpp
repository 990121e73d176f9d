#include "apps/common/version.h"

#include "engine/core/device.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"

namespace mosaic::apps {

std::string version_text() {
  return MOSAIC_VERSION;
}

std::string compiler_text() {
#if defined(__clang__)
  return cat("clang ", __clang_major__, ".", __clang_minor__, ".", __clang_patchlevel__);
#else
  return cat("g++ ", __GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__);
#endif
}

std::string isa_text() {
  return kernels::isa_name();
}

std::string version_report() {
  std::string available;
  for (const kernels::Isa isa : {kernels::Isa::baseline, kernels::Isa::avx2, kernels::Isa::avx512})
    if (kernels::isa_available(isa)) available += cat(available.empty() ? "" : ", ", kernels::isa_name(isa));
  return cat("mosaic ", version_text(), "\ninstruction set  ", isa_text(), " (available: ", available,
             ")\nthreads          ", threads(), "\ncompiler         ", compiler_text(), "\nCUDA             ",
             describe({DeviceKind::cuda, 0}), "\n");
}

}  // namespace mosaic::apps
