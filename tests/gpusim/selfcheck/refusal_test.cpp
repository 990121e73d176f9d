// PTX that the simulator does not know is refused when it is read, with its line.
#include <doctest/doctest.h>

#include <cstring>

#include "tests/gpusim/fault.h"
#include "tests/gpusim/selfcheck/fat_binary.h"
#include "tests/gpusim/simulator.h"

using namespace gpusim;
using gpusim::selfcheck::FatBinary;

namespace {

// A kernel of one instruction, in line 9.
std::string kernel(const std::string& name, const std::string& instruction) {
  return ".version 9.0\n.target sm_80\n.address_size 64\n.visible .entry " + name +
         "(\n.param .u64 p)\n{\n.reg .b16 %rs<4>; .reg .b32 %r<4>; .reg .b64 %rd<4>; .reg .f32 %f<4>;\n"
         ".reg .pred %p<4>;\n" +
         instruction + "\nret;\n}\n";
}

}  // namespace

TEST_CASE("gpusim: a known instruction is read, an unknown one refused with its line") {
  const FatBinary known(kernel("refusal_known", "add.s32 %r1, %r2, %r3;"));
  CHECK_NOTHROW(register_fat_binary(known.wrapper()));
  int count = 0;
  for (const char* instruction :
       {"frobnicate.s32 %r1, %r2, %r3;", "add.s13 %r1, %r2, %r3;", "add.wide.s32 %r1, %r2, %r3;",
        "sin.approx.f64 %rd1, %rd2;", "tex.2d.v4.f32.f32 {%f1, %f1, %f2, %f3}, [p, {%f1, %f2}];",
        // Registers of another width than the type's.
        "add.s32 %rd1, %r2, %r3;", "add.s64 %rd1, %r2, %rd3;", "add.s16 %r1, %r2, %r3;",
        "mul.wide.s32 %r1, %r2, %r3;", "ld.global.u64 %r1, [%rd1];", "setp.eq.s32 %r1, %r2, %r3;",
        "selp.b32 %r1, %r2, %r3, %r3;",
        // Names that are not there, operands too many or too few.
        "add.s32 %r1, %r2, %r77;", "bra nowhere;", "add.s32 %r1, %r2;", "add.s32 %r1, %r2, %r3, %r3;"}) {
    const FatBinary unknown(kernel("refusal_" + std::to_string(count++), instruction));
    INFO(std::string(instruction));
    CHECK_THROWS_WITH_AS(register_fat_binary(unknown.wrapper()), doctest::Contains("ptx line 9"),
                         Unsupported);
  }
}

TEST_CASE("gpusim: what is no fat binary is refused") {
  const FatBinary good(kernel("refusal_good", "add.s32 %r1, %r2, %r3;"));
  struct {
    uint32_t magic, version;
    const void* data;
    const void* names;
  } wrapper;
  std::memcpy(&wrapper, good.wrapper(), sizeof wrapper);
  wrapper.magic = 7;
  CHECK_THROWS_AS(register_fat_binary(&wrapper), Unsupported);
}
