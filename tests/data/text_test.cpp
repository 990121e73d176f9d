#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;

TEST_CASE("malformed UTF-8 is found where it is") {
  CHECK(find_bad_utf8("aäß€😀\xEF\xBF\xBD") == std::string_view::npos);
  CHECK(find_bad_utf8("") == std::string_view::npos);
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xE2\x82x", "\xF0\x9F\x98"}) {
    CAPTURE(bad);
    CHECK(find_bad_utf8(std::string("ok ") + bad) == 3);
  }
  std::string text;
  for (const uint32_t c : {0x24u, 0xE4u, 0x20ACu, 0x1F600u, 0x10FFFFu}) append_code_point(text, c);
  CHECK(code_points(text) == std::vector<uint32_t>{0x24, 0xE4, 0x20AC, 0x1F600, 0x10FFFF});
  CHECK(code_points("\xE2\x82") == std::vector<uint32_t>{0xFFFD, 0xFFFD});
}

TEST_CASE("words are what lies between Unicode spaces") {
  CHECK(split_words("  a\u00A0b\u2028c\u3000 d\x1C\u0085").size() == 4);
  CHECK(split_words("").empty());
  CHECK(split_words(" \t").empty());
  CHECK(count_words("a  b\u200Bc d") == 3);  // a zero-width space is no space
  CHECK(trim_right(" a b \u00A0") == " a b");
  CHECK(trim("\u2003 a b ") == "a b");
  CHECK(trim(" ").empty());
  CHECK(normalize_spaces("  a\u00ADb \u00A0\u202F c\u200Bd\n") == "ab cd");
}

TEST_CASE("lower case follows Unicode") {
  CHECK(to_lower("ABC xyz 1") == "abc xyz 1");
  CHECK(to_lower("ÄÖÜ ẞ ÇĞ") == "äöü ß çğ");
  CHECK(to_lower("\u0130") == "i\u0307");
  CHECK(to_lower("ΟΔΥΣΣΕΥΣ ΣΑΣ. Σ") == "οδυσσευς σας. σ");
  CHECK(to_lower("ΑΣ1 ΑΣ'Β ΑΣ-Β") == "ας1 ασ'β ας-β");
}

TEST_CASE("lines end at newlines and nowhere else") {
  const TemporaryFolder folder;
  LineReport report;
  const auto lines =
      read_lines(folder.file("a", "\xEF\xBB\xBFone\r\ntwo\u2028still\u0085two\x0C\n\n  \nlast"), {}, &report);
  CHECK(lines == std::vector<std::string>{"one", "two\u2028still\u0085two\x0C", "", "  ", "last"});
  CHECK(report.lines == 5);
  CHECK(report.carriage_returns == 1);
  CHECK(report.byte_order_mark);
  CHECK(!report.final_newline);
  CHECK(!report.compressed);
  CHECK(read_lines(folder / "a", {.keep_byte_order_mark = true})[0] == "\xEF\xBB\xBFone");
  CHECK(read_lines(folder.file("empty", "")).empty());
  CHECK(read_lines(folder.file("b", "x\n")).size() == 1);
  CHECK(read_lines(folder.file("b", "\n\n")).size() == 2);
  std::string many;
  for (int i = 0; i < 50'000; ++i) many += std::to_string(i) + "\n";
  const auto numbers = read_lines(folder.file("many", many));
  CHECK(numbers.size() == 50'000);
  CHECK(numbers[49'999] == "49999");
  write_lines(folder / "out", {"a", "", "b"});
  CHECK(read_lines(folder / "out") == std::vector<std::string>{"a", "", "b"});
  CHECK_THROWS_AS(write_lines(folder / "out", {"a\nb"}), ArgumentError);
}

TEST_CASE("gzip is read whatever its name, and damage is noticed") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * 7919 % 5003) + "\n";
  const auto path = folder / "text.en";
  gzFile out = gzopen(path.c_str(), "wb");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  LineReport report;
  CHECK(read_lines(path, {}, &report).size() == 5000);
  CHECK(report.compressed);
  std::ifstream in(path, std::ios::binary);
  const std::string packed((std::istreambuf_iterator<char>(in)), {});
  CHECK(contains(
      message_of<FormatError>([&] { read_lines(folder.file("cut", packed.substr(0, packed.size() / 2))); }),
      "truncated gzip"));
  std::string damaged = packed;
  damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
  CHECK_THROWS_AS(read_lines(folder.file("damaged", damaged)), FormatError);
  CHECK(contains(message_of<FormatError>([&] { read_lines(path, {.max_bytes = 1000}); }),
                 "more than the 1000 bytes"));
}

TEST_CASE("what is no text is refused with file, line and byte") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes, LineOptions options = {}) {
    return message_of<FormatError>([&] { read_lines(folder.file("f.de", bytes), options); });
  };
  CHECK(contains(refusal("ok\nab\xFF\n"), "f.de:2] byte 3 (0xFF) is not valid UTF-8"));
  CHECK(contains(refusal("\xEF\xBB\xBF"
                         "a\xFF"),
                 "f.de:1] byte 5"));
  CHECK(contains(refusal(std::string("ok\n\0x\n", 6)), "f.de:2] NUL at byte 1"));
  CHECK(contains(refusal("ok\n" + std::string(101, 'x') + "\n", {.max_line_bytes = 100}),
                 "f.de:2] the line is longer"));
  CHECK(contains(refusal(std::string(2'000'000, 'x')), "longer than the 1048576 bytes"));
  CHECK(contains(message_of<ResourceError>([&] { LineReader reader(folder.path()); }), "directory"));
  CHECK_THROWS_AS(LineReader(folder / "none"), ResourceError);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(contains(message_of<ResourceError>([&] { LineReader reader(folder / "pipe"); }), "is a pipe"));
}

TEST_CASE("standard input is read as a file") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const int before = ::dup(STDIN_FILENO);
  REQUIRE(::dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
  REQUIRE(::write(ends[1], "one\ntw\xFF\n", 8) == 8);
  ::close(ends[1]);
  LineReader reader("-");
  std::string line;
  CHECK(reader.next(line));
  CHECK(line == "one");
  CHECK(contains(message_of<FormatError>([&] { reader.next(line); }), "[<stdin>:2] byte 3 (0xFF)"));
  REQUIRE(::dup2(before, STDIN_FILENO) == STDIN_FILENO);
  ::close(before);
  ::close(ends[0]);
}
