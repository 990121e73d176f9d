#include <doctest/doctest.h>

#include "data/dataset.h"
#include "data/parallel_corpus.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;

TEST_CASE("pairs are read in step and the report says what was dropped") {
  const TemporaryFolder folder;
  const auto en = folder.file("t.en", "a b\n\n \nc\nd e f g h i\nsame\nlong one here\n");
  const auto de = folder.file("t.de", "A B\r\nx\r\n\r\n\r\nD\r\nsame\r\nzwei drei vier");
  const ParallelCorpus corpus = read_parallel(folder / "t", "en", "de", {.max_words = 0, .max_ratio = 5});
  REQUIRE(corpus.pairs.size() == 3);
  CHECK(corpus.pairs[0].target == "A B");
  CHECK(corpus.pairs[2].target == "zwei drei vier");
  CHECK(corpus.line_numbers == std::vector<int64_t>{1, 6, 7});
  const ParallelReport& r = corpus.report;
  CHECK(r.lines == 7);
  CHECK(r.kept == 3);
  CHECK(r.empty_source == 1);
  CHECK(r.empty_both == 1);
  CHECK(r.empty_target == 1);
  CHECK(r.bad_ratio == 1);
  CHECK(r.identical == 1);
  CHECK(r.carriage_returns == 6);
  REQUIRE(r.warnings.size() == 1);
  CHECK(contains(r.warnings[0], "ends its lines in CR LF"));
  CHECK(describe(r)["kept"] == 3);
  CHECK(corpus.sources()[1] == "same");

  CHECK(read_parallel(en, de, {.empty = EmptyLines::keep}).pairs.size() == 7);
  CHECK(contains(message_of<FormatError>([&] { read_parallel(en, de, {.empty = EmptyLines::refuse}); }),
                 "t.en:2] the source side is empty"));
  CHECK(read_parallel(en, de, {.max_words = 3}).report.too_long == 1);
  CHECK_THROWS_AS(read_parallel(en, de, {.max_ratio = 0.5}), ArgumentError);
}

TEST_CASE("files that do not fit together are refused") {
  const TemporaryFolder folder;
  const auto three = folder.file("three", "a\nb\nc\n"), two = folder.file("two", "A\nB"),
             none = folder.file("none", "");
  const std::string message = message_of<FormatError>([&] { read_parallel(three, two); });
  CHECK(contains(message, "two] has 2 lines, but"));
  CHECK(contains(message, "three has 3"));
  CHECK(contains(message_of<FormatError>([&] { read_parallel(none, two); }), "none has 0"));
  CHECK(
      contains(message_of<FormatError>([&] { read_parallel(none, folder.file("also", "")); }), "both empty"));
  CHECK(contains(message_of<FormatError>([&] { read_parallel(folder.file("blank", "\n\n"), two); }),
                 "no pair is left of 2"));
  CHECK(contains(message_of<FormatError>([&] { read_parallel(three, folder.file("bad", "x\ny\xFF\nz\n")); }),
                 "bad:2]"));
  CHECK_THROWS_AS(read_parallel(folder / "absent", "en", "de"), ResourceError);
  CHECK_THROWS_AS(read_parallel("-", "-"), ArgumentError);
  const auto same = read_parallel(three, three).report.warnings;
  REQUIRE(!same.empty());
  CHECK(contains(same[0], "the same file"));
}

TEST_CASE("two-column files") {
  const TemporaryFolder folder;
  const auto corpus = read_pairs_tsv(folder.file("p.tsv", "a b\tA B\nc\tC\n\tD\n"));
  CHECK(corpus.pairs.size() == 2);
  CHECK(corpus.report.empty_source == 1);
  CHECK(contains(message_of<FormatError>([&] { read_pairs_tsv(folder.file("q", "a\tb\na\tb\tc\n")); }),
                 "q:2] has 3 columns"));
  CHECK(contains(message_of<FormatError>([&] { read_pairs_tsv(folder.file("q", "a\n")); }),
                 "q:1] has 1 columns"));
  write_parallel(folder / "w", "en", "de", corpus.pairs);
  CHECK(read_parallel(folder / "w", "en", "de").pairs.size() == 2);
}

TEST_CASE("test sentences seen in training are reported") {
  const std::vector<SentencePair> train{{"a", "A"}, {"b", "B"}, {"c", "C"}};
  const std::vector<SentencePair> test{{"a", "A"}, {"b", "other"}, {"new", "NEW"}};
  const Overlap overlap = find_overlap(train, test);
  CHECK(overlap.test == 3);
  CHECK(overlap.same_source == 2);
  CHECK(overlap.same_pair == 1);
  CHECK(contains(overlap.warning, "2 of 3 test sentences"));
  CHECK(find_overlap(train, {{"x", "A"}}).warning.empty());
}

TEST_CASE("encoded examples survive the disk, and nothing else is taken for them") {
  const TemporaryFolder folder;
  const std::vector<Example> examples{{{5, 6, 2}, {7, 2}}, {{2}, {4, 4, 4, 2}}};
  const ExamplesOrigin origin{"text-hash", "subword-hash", 8};
  const auto path = folder / "train.bin";
  save_examples(path, examples, origin);
  CHECK(load_examples(path, origin) == examples);
  save_examples(folder / "none.bin", {}, origin);
  CHECK(load_examples(folder / "none.bin", origin).empty());
  ExamplesOrigin other = origin;
  other.subwords = "another";
  CHECK(contains(message_of<FormatError>([&] { load_examples(path, other); }), "other subwords"));
  const std::string bytes = read_file(path);
  for (size_t n = 0; n < bytes.size(); ++n) {
    CHECK_THROWS_AS(load_examples(folder.file("cut", bytes.substr(0, n)), origin), FormatError);
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    CHECK_THROWS_AS(load_examples(folder.file("flipped", flipped), origin), FormatError);
  }
  save_examples(path, {{{5, 9, 2}, {2}}}, origin);
  CHECK(contains(message_of<FormatError>([&] { load_examples(path, origin); }),
                 "id 9, outside the vocabulary"));
  save_examples(path, {{{5, 6}, {2}}}, origin);
  CHECK(contains(message_of<FormatError>([&] { load_examples(path, origin); }), "does not end with eos"));
}
