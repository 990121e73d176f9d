// Every instruction and every kernel of the CUDA files beside this one against the host's arithmetic.
#include <doctest/doctest.h>

#include <exception>
#include <set>

#include "tests/gpusim/selfcheck/case.h"

using namespace gpusim::selfcheck;

namespace {

void check_family(const std::string& family) {
  int count = 0;
  for (const Case& one : cases()) {
    if (one.family != family) continue;
    ++count;
    std::string wrong;
    try {
      wrong = one.run();
    } catch (const std::exception& error) {
      wrong = error.what();
    }
    INFO(std::string(one.name));
    CHECK(wrong == "");
  }
  CHECK(count > 0);
}

}  // namespace

TEST_CASE("gpusim: integer arithmetic") {
  check_family("integer");
}
TEST_CASE("gpusim: bits, shifts and permutations") {
  check_family("logic");
}
TEST_CASE("gpusim: floating point in every rounding mode") {
  check_family("float");
}
TEST_CASE("gpusim: approximations and library functions") {
  check_family("approximate");
}
TEST_CASE("gpusim: conversions") {
  check_family("convert");
}
TEST_CASE("gpusim: 16-bit floating point") {
  check_family("half");
}
TEST_CASE("gpusim: comparison and selection") {
  check_family("compare");
}
TEST_CASE("gpusim: loads, stores and spaces") {
  check_family("memory");
}
TEST_CASE("gpusim: atomics") {
  check_family("atomics");
}
TEST_CASE("gpusim: what lanes do together") {
  check_family("warp");
}
TEST_CASE("gpusim: control flow and calls") {
  check_family("control");
}
TEST_CASE("gpusim: barriers") {
  check_family("barrier");
}
TEST_CASE("gpusim: asynchronous copies and matrices") {
  check_family("matrix");
}
TEST_CASE("gpusim: printf") {
  check_family("print");
}
TEST_CASE("gpusim: special registers") {
  check_family("registers");
}
