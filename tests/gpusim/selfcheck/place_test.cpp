// Reports name the line of the kernel itself that everything was inlined into, and the innermost line that is
// not CUDA's own.
#include <doctest/doctest.h>

#include "tests/gpusim/fault.h"
#include "tests/gpusim/selfcheck/fat_binary.h"
#include "tests/gpusim/simulator.h"

using namespace gpusim;
using gpusim::selfcheck::FatBinary;

namespace {

// A kernel that traps behind these lines. As nvcc writes it, the files stand at the end.
Fault::Place place_of_trap(const std::string& name, const std::string& lines) {
  const FatBinary binary(".version 9.0\n.target sm_80\n.address_size 64\n.visible .entry " + name +
                         "()\n{\n" + lines +
                         "trap;\nret;\n}\n"
                         "\t.file\t1 \"/home/kernels.cu\"\n"
                         "\t.file\t2 \"/home/rows.cuh\"\n"
                         "\t.file\t3 \"/usr/local/cuda/include/sm_30_intrinsics.hpp\"\n");
  register_fat_binary(binary.wrapper());
  const char handle = 0;
  register_function(&handle, name.c_str());
  Launch launch;
  launch.function = &handle;
  launch.block.x = 32;
  try {
    run(launch);
  } catch (const Fault& fault) {
    return fault.place();
  }
  FAIL("the trap was not reported");
  return {};
}

constexpr const char* kernel_line = ".loc 1 41 9\n";
constexpr const char* helper_line = ".loc 2 8 3, function_name $L__info_string0, inlined_at 1 41 9\n";
constexpr const char* toolkit_line = ".loc 3 449 9, function_name $L__info_string1, inlined_at 2 8 3\n";

}  // namespace

TEST_CASE("gpusim: the place of a line that was not inlined") {
  const Fault::Place place = place_of_trap("place_plain", kernel_line);
  CHECK(place.file == "/home/kernels.cu");
  CHECK(place.line == 41);
  CHECK(place.inner_file.empty());
}

TEST_CASE("gpusim: the place of a line that was inlined into another") {
  const Fault::Place place = place_of_trap("place_inlined", std::string(kernel_line) + helper_line);
  CHECK(place.file == "/home/kernels.cu");
  CHECK(place.line == 41);
  CHECK(place.inner_file == "/home/rows.cuh");
  CHECK(place.inner_line == 8);
}

TEST_CASE("gpusim: the place of a function of CUDA is where it was called") {
  const Fault::Place place =
      place_of_trap("place_of_toolkit", std::string(kernel_line) + helper_line + toolkit_line);
  CHECK(place.file == "/home/kernels.cu");
  CHECK(place.line == 41);
  CHECK(place.inner_file == "/home/rows.cuh");
  CHECK(place.inner_line == 8);
}
