// What this build is.
#pragma once

#include <string>

namespace mosaic::apps {

std::string version_text();   // "0.1.0"
std::string compiler_text();  // "g++ 12.2.0"
std::string isa_text();       // "avx2", what the kernels run on
// Version, instruction sets, compiler, CUDA: several lines for --version.
std::string version_report();

}  // namespace mosaic::apps
