#include "engine/cpu/isa.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "engine/core/error.h"

namespace mosaic::kernels {
namespace {

constexpr Isa all[] = {Isa::baseline, Isa::avx2, Isa::avx512};

Isa first_choice() {
  const char* word = std::getenv("MOSAIC_ISA");
  if (word == nullptr || *word == '\0') {
    return isa_available(Isa::avx512) ? Isa::avx512 : isa_available(Isa::avx2) ? Isa::avx2 : Isa::baseline;
  }
  for (const Isa isa : all) {
    if (std::string_view(word) != isa_name(isa)) continue;
    check(isa_available(isa), "MOSAIC_ISA", "this processor has no ", word);
    return isa;
  }
  throw ArgumentError("MOSAIC_ISA", cat("must be baseline, avx2 or avx512, got '", word, "'"));
}

std::atomic<Isa>& choice() {
  static std::atomic<Isa> isa{first_choice()};
  return isa;
}

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    default:
      return "baseline";
  }
}

bool isa_available(Isa isa) {
  if (isa == Isa::baseline) return true;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == Isa::avx2) return avx2;
  return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

Isa active_isa() {
  return choice().load(std::memory_order_relaxed);
}

void set_isa(Isa isa) {
  check(isa_available(isa), "set_isa", "this processor has no ", isa_name(isa));
  choice() = isa;
}

}  // namespace mosaic::kernels
