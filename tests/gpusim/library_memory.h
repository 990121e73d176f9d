// Device memory as the simulated libraries check it before they use it.
#pragma once

#include <cstddef>
#include <string>

namespace gpusim {

// Fault of a library's function.
[[noreturn]] void library_fault(const char* function, const std::string& what);
// Fault unless the bytes lie in one live allocation; `name` is that of the operand.
void require_live(const char* function, const std::string& name, const void* data, size_t bytes);
// Fault, with Options::checks, where one of them was never written.
void require_written(const char* function, const std::string& name, const void* data, size_t bytes);

}  // namespace gpusim
