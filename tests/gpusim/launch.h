// What the host registered: kernels and variables by the addresses of their stand-ins.
#pragma once

#include <cstddef>

namespace gpusim {

// As registered, in bytes; 0 for what is no variable.
size_t size_of_variable(const void* variable);

}  // namespace gpusim
