#include "engine/core/json.h"

#include <doctest/doctest.h>

#include <chrono>

#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {
std::string refusal(const std::string& text) {
  return message_of<FormatError>([&] { parse_json(text, "file.json"); });
}
}  // namespace

TEST_CASE("values come back with their order and types") {
  const json value =
      parse_json(R"( {"b": [1, -2, 2.5, "x\u00fc", true, null], "a": {"c": 18446744073709551615}} )", "x");
  CHECK(value.dump() == R"({"b":[1,-2,2.5,"xü",true,null],"a":{"c":18446744073709551615}})");
  CHECK(parse_json("3", "x") == 3);
  CHECK(parse_json("[]", "x").is_array());
  const TemporaryFolder folder;
  save_json(folder / "v.json", value);
  CHECK(load_json(folder / "v.json") == value);
  CHECK_THROWS_AS(load_json(folder / "v.json", 10), FormatError);
  CHECK_THROWS_AS(load_json(folder / "none.json"), ResourceError);
  CHECK(contains(message_of<FormatError>([&] { save_json(folder / "w.json", json("\xff")); }), "w.json"));
}

TEST_CASE("anything but strict JSON is refused with file, line and column") {
  CHECK(contains(refusal(""), "empty"));
  CHECK(contains(refusal(" \n "), "empty"));
  CHECK(contains(refusal("{\n  \"a\": 1,\n  oops\n}"), "[file.json:3:3]"));
  CHECK(contains(refusal("{\"a\": 1,}"), "comma before the closing bracket"));
  CHECK(contains(refusal("[1, 2,]"), "comma before the closing bracket"));
  CHECK(contains(refusal("{\n // note\n}"), "does not allow comments"));
  CHECK(contains(refusal("[1] # note"), "does not allow comments"));
  CHECK(contains(refusal("\xEF\xBB\xBF{}"), "byte order mark"));
  CHECK(contains(refusal(std::string("\xFF\xFE{\0}\0", 6)), "UTF-16"));
  CHECK(contains(refusal("{\"a\": 1, \"b\": {\"a\": 2},\n \"a\": 3}"),
                 "[file.json:2:4] the key \"a\" appears twice"));
  CHECK(contains(refusal(std::string(100'000, '[')), "nested more than 64 levels"));
  CHECK(contains(refusal(std::string(65, '[') + std::string(65, ']')), "nested more than 64 levels"));
  CHECK_NOTHROW(parse_json(std::string(64, '[') + std::string(64, ']'), "x"));
  for (const char* bad : {"NaN", "[1e999]", "[-1e999]", "{\"a\" 1}", "[1] x", "{\"a\":1}{}", "'a'", "[01]",
                          "\"\xff\"", "\"\\ud800\"", "[1", "\"a", "{\"a\":", "tru"}) {
    CAPTURE(bad);
    CHECK(contains(refusal(bad), "[file.json:1:"));
  }
  CHECK(contains(refusal(std::string("[1\0]", 4)), "[file.json:1:"));
}

TEST_CASE("every truncation of a document is refused") {
  const std::string text = R"({"a": [1, {"b": "c"}], "d": 1.5e3})";
  for (size_t n = 0; n < text.size(); ++n) CHECK_THROWS_AS(parse_json(text.substr(0, n), "x"), FormatError);
}

TEST_CASE("a file of very many keys is read in linear time") {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += cat(i ? "," : "", "\"tensor.", i, "\":[0,0]");
  const auto start = std::chrono::steady_clock::now();
  CHECK(parse_json(text + "}", "x").size() == 200'000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

TEST_CASE("fields are typed and ranged") {
  const json value =
      parse_json(R"({"n": 3, "big": 18446744073709551615, "f": 2.5, "b": true, "s": "x", "o": {"k": 1},
                                    "a": [1, 2], "m": [1, "y"], "neg": -1, "huge": 1e300, "text6": "6"})",
                 "c.json");
  Fields f(value, "c.json: encoder");
  CHECK(f.integer("n") == 3);
  CHECK(f.integer("n", 3, 3) == 3);
  CHECK(f.number("n") == 3.0);
  CHECK(f.number("f", 0, 3) == 2.5);
  CHECK(f.boolean("b"));
  CHECK(f.text("s") == "x");
  CHECK(f.object("o").size() == 1);
  CHECK(f.array("a").size() == 2);
  CHECK(f.any("a") == value["a"]);
  CHECK(f.integers("a", 1, 2) == std::vector<int64_t>{1, 2});
  CHECK(f.numbers("a") == std::vector<double>{1, 2});
  CHECK(f.one_of("s", {"w", "x"}) == "x");
  CHECK(f.integer_or("none", 7) == 7);
  CHECK(f.number_or("none", 0.5) == 0.5);
  CHECK(f.boolean_or("none", true));
  CHECK(f.text_or("none", "d") == "d");
  CHECK(f.integer_or("n", 7) == 3);
  CHECK(f.has("n"));
  CHECK(!f.has("none"));

  const auto refusal = [&](auto call) { return message_of<FormatError>(call); };
  CHECK(refusal([&] { f.integer("neg", 0, 10); }) ==
        "[c.json: encoder] \"neg\" must be an integer in 0..10, got -1");
  CHECK(contains(refusal([&] { f.integer("n", 4); }), "of at least 4, got 3"));
  CHECK(contains(refusal([&] { f.integer("f"); }), "must be an integer, got 2.5"));
  CHECK(contains(refusal([&] { f.integer("text6"); }), "got \"6\" (a string)"));
  CHECK(contains(refusal([&] { f.integer("b"); }), "got true (a boolean)"));
  CHECK(contains(refusal([&] { f.integer("big"); }), "18446744073709551615"));
  CHECK(contains(refusal([&] { f.integer("huge"); }), "must be an integer"));
  CHECK(contains(refusal([&] { f.number("s"); }), "must be a number"));
  CHECK(contains(refusal([&] { f.number("f", 0, 1); }), "in 0..1, got 2.5"));
  CHECK(contains(refusal([&] { f.boolean("n"); }), "true or false"));
  CHECK(contains(refusal([&] { f.text("n"); }), "must be a string"));
  CHECK(contains(refusal([&] { f.object("a"); }), "must be an object"));
  CHECK(contains(refusal([&] { f.array("o"); }), "must be an array"));
  CHECK(contains(refusal([&] { f.integers("m", 0, 9); }), "\"m\"[1] must be an integer"));
  CHECK(contains(refusal([&] { f.integers("a", 0, 1); }), "\"a\"[1]"));
  CHECK(contains(refusal([&] { f.one_of("s", {"xy", "w"}); }), "must be one of \"xy\", \"w\", got \"x\""));
  CHECK(contains(refusal([&] { f.integer("missing"); }), "key \"missing\" is missing"));
  CHECK(contains(refusal([&] { f.integer_or("s", 1); }), "must be an integer"));
  for (const char* top : {"null", "[]", "\"x\"", "3"}) {
    CHECK(contains(refusal([&] { Fields(parse_json(top, "x"), "c.json"); }), "[c.json] must be an object"));
  }
}

TEST_CASE("keys nobody asked for are refused with a hint") {
  const json value = parse_json(R"({"encoder_layer": 3, "width": 4})", "x");
  Fields f(value, "config.json");
  f.integer("width");
  f.integer_or("encoder_layers", 6);
  CHECK(message_of<FormatError>([&] { f.finish(); }) ==
        "[config.json] unknown key \"encoder_layer\"; did you mean \"encoder_layers\"?");
  CHECK(contains(message_of<FormatError>([&] { Fields(value, "c").integer("widht"); }),
                 "is \"width\" a typing error"));
  Fields all(value, "config.json");
  all.integer("encoder_layer");
  all.integer("width");
  CHECK_NOTHROW(all.finish());
  CHECK(nearest("sead", {"threads", "seed", "source"}) == "seed");
  CHECK(nearest("hieght", {"height", "weight"}) == "height");
  CHECK(nearest("zebra", {"threads", "seed"}).empty());
}
