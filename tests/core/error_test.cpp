#include "engine/core/error.h"

#include <doctest/doctest.h>

#include <thread>

using namespace mosaic;

TEST_CASE("an error names the operation, the message and the module") {
  CHECK(std::string(ShapeError("linear", "3 columns, expected 4").what()) ==
        "[linear] 3 columns, expected 4");
  const std::string outer = "decoder", inner = "decoder.layers.3", unnamed;
  const Scope first(outer);
  {
    const Scope second(inner);
    const ShapeError error("linear", "wrong");
    CHECK(std::string(error.what()) == "[linear] wrong, in decoder.layers.3");
    CHECK(error.op() == "linear");
    CHECK(error.path() == "decoder.layers.3");
    const Scope third(unnamed);
    CHECK(Scope::path() == "decoder.layers.3");
  }
  CHECK(Scope::path() == "decoder");
  std::string elsewhere = "?";
  std::thread([&] { elsewhere = Scope::path(); }).join();
  CHECK(elsewhere.empty());
}

TEST_CASE("check formats only on failure and throws the kind asked for") {
  check(true, "op", "never seen");
  CHECK_THROWS_WITH_AS(check(false, "op", "got ", 3, ", expected ", 4), "[op] got 3, expected 4",
                       ArgumentError);
  CHECK_THROWS_AS(check<FormatError>(false, "op", "x"), FormatError);
  CHECK_THROWS_AS(check<FormatError>(false, "op", "x"), Error);
  CHECK(cat("a", 1, 'b', 2.5) == "a1b2.5");
}
