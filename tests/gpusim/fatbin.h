// The container in which nvcc puts device code into a host object.
#pragma once

#include <string>
#include <vector>

namespace gpusim {

// The PTX of a fat binary as nvcc registers it (the address of its wrapper), one text an entry. Machine code
// beside it is passed over. Unsupported when it is compressed, or when there is no PTX.
std::vector<std::string> ptx_of_fat_binary(const void* wrapper);

}  // namespace gpusim
