// Working memory of CPU kernels: one growing buffer per thread and purpose, kept until the thread ends.
#pragma once

#include <cstdint>

namespace mosaic::kernels {

// A kernel that calls another one must not share its purpose.
enum class Scratch : uint8_t { gemm_b, kernel, caller };

// At least `bytes` bytes, aligned to 64, contents undefined; valid until this thread's next call for the same
// purpose. Out of line so that files compiled per instruction set may call it. ResourceError when memory is
// out.
void* scratch(Scratch purpose, int64_t bytes);

}  // namespace mosaic::kernels
