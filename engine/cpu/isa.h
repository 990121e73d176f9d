// Which instruction set the kernels run on, chosen once at run time, and the way kernel families dispatch on
// it.
//
// A family (gemm, rows, ...) is a struct of function pointers. A file compiled once per instruction set
// (mosaic_isa_sources in isa.cmake) defines `const XTable& x_table()` in namespace
// mosaic::kernels::MOSAIC_ISA; the family's header declares it in the three namespaces, and its ordinary
// translation unit calls
//   pick<baseline::x_table, avx2::x_table, avx512::x_table>().f32(args);
#pragma once

#include <cstdint>

namespace mosaic::kernels {

enum class Isa : uint8_t { baseline, avx2, avx512 };  // baseline: what every processor of the platform has

// The instruction set in use. Without set_isa: the environment's MOSAIC_ISA (baseline, avx2, avx512) or, when
// it is unset, the widest that the processor has. The first call throws ArgumentError when MOSAIC_ISA is an
// unknown word or names what the processor lacks.
Isa active_isa();
// "baseline", "avx2" or "avx512".
const char* isa_name(Isa isa);
inline const char* isa_name() {
  return isa_name(active_isa());
}
// Whether this processor (and operating system) runs it.
bool isa_available(Isa isa);
// Changes the choice, for tests and benchmarks; ArgumentError when unavailable. Call it while no kernel runs.
// Results are bitwise reproducible per instruction set only.
void set_isa(Isa isa);

// The table of the active instruction set, of the three functions that return a family's tables. They are
// template arguments so that platforms with the baseline only never refer to the other two.
template <auto Baseline, auto Avx2, auto Avx512>
decltype(auto) pick() {
#if defined(__x86_64__)
  const Isa isa = active_isa();
  if (isa == Isa::avx2) return Avx2();
  if (isa == Isa::avx512) return Avx512();
#endif
  return Baseline();
}

}  // namespace mosaic::kernels
