// Which GPU code this program was built with.
#pragma once

#include <string>

namespace mosaic::cuda {

// "machine code for 7.5, 8.0 and PTX for 12.0": by compute capability.
std::string built_code();
// Whether machine code of this architecture (80 for sm_80) is in the program: otherwise what runs as such was
// compiled from PTX by the driver.
bool holds_machine_code(int architecture);
// "13.0" of 13000.
std::string version_of(int cuda_version);

}  // namespace mosaic::cuda
