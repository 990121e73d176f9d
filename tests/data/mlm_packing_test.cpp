#include "data/mlm_packing.h"

#include <doctest/doctest.h>

#include "engine/core/error.h"

using namespace mosaic;
using namespace mosaic::data;
using Ids = std::vector<int32_t>;
using Sequences = std::vector<Ids>;

namespace {

constexpr int32_t cls = 2, sep = 3;

// Documents of sentences of so many tokens; token k of the text has the id 10 + k.
Sequences pack(const PackingOptions& options, const std::vector<std::vector<int>>& documents,
               PackingCounts* counts = nullptr) {
  Sequences out;
  SequencePacker packer(options, cls, sep,
                        [&](auto sequence) { out.emplace_back(sequence.begin(), sequence.end()); });
  int32_t next = 10;
  for (const auto& document : documents) {
    for (const int tokens : document) {
      Ids ids;
      for (int i = 0; i < tokens; ++i) ids.push_back(next++);
      packer.add_sentence(ids);
    }
    packer.end_document();
  }
  packer.finish();
  if (counts) *counts = packer.counts();
  return out;
}

}  // namespace

TEST_CASE("sentences are packed whole within documents") {
  PackingCounts counts;
  // Room for 8 tokens: 3 + 4 fit, 2 more do not; a new document begins a new sequence.
  CHECK(pack({.length = 10}, {{3, 4, 2}, {1}, {}, {0, 2}}, &counts) ==
        Sequences{{2, 10, 11, 12, 13, 14, 15, 16, 3}, {2, 17, 18, 3}, {2, 19, 3}, {2, 20, 21, 3}});
  CHECK(counts ==
        PackingCounts{.documents = 3, .sentences = 5, .cut_sentences = 0, .tokens = 12, .sequences = 4});
  // A sentence longer than a sequence is cut, and what is left of it is gone on with.
  CHECK(pack({.length = 10}, {{1, 18, 5}}, &counts) == Sequences{{2, 10, 3},
                                                                 {2, 11, 12, 13, 14, 15, 16, 17, 18, 3},
                                                                 {2, 19, 20, 21, 22, 23, 24, 25, 26, 3},
                                                                 {2, 27, 28, 29, 30, 31, 32, 33, 3}});
  CHECK(counts.cut_sentences == 1);
  CHECK(pack({.length = 10}, {{8, 8}}).size() == 2);
  CHECK(pack({.length = 10}, {}).empty());
  CHECK_THROWS_AS(pack({.length = 7}, {}), ArgumentError);
  CHECK_THROWS_AS(pack({.length = 70000}, {}), ArgumentError);
  CHECK_THROWS_AS(pack({.short_sequences = 1.5}, {}), ArgumentError);
}

TEST_CASE("sequences may be filled up and cross documents") {
  PackingCounts counts;
  CHECK(pack({.length = 10, .whole_sentences = false}, {{3, 4, 2}, {1}}, &counts) ==
        Sequences{{2, 10, 11, 12, 13, 14, 15, 16, 17, 3}, {2, 18, 3}, {2, 19, 3}});
  CHECK(counts.cut_sentences == 1);
  CHECK(pack({.length = 10, .cross_documents = true}, {{3}, {4}, {1, 1}}) ==
        Sequences{{2, 10, 11, 12, 3, 13, 14, 15, 16, 3}, {2, 17, 18, 3}});
  CHECK(pack({.length = 10, .cross_documents = true}, {{3}, {5}}).size() == 2);
  CHECK(pack({.length = 10, .cross_documents = true, .whole_sentences = false}, {{3}, {6}}) ==
        Sequences{{2, 10, 11, 12, 3, 13, 14, 15, 16, 3}, {2, 17, 18, 3}});
  // No [SEP] at the very end of a sequence's room, and none for empty documents.
  CHECK(pack({.length = 10, .cross_documents = true, .whole_sentences = false}, {{7}, {0}, {}, {2}}) ==
        Sequences{{2, 10, 11, 12, 13, 14, 15, 16, 3}, {2, 17, 18, 3}});
  CHECK(pack({.length = 10, .cross_documents = true}, {{}, {2}, {}, {}, {2}}) ==
        Sequences{{2, 10, 11, 3, 12, 13, 3}});
}

TEST_CASE("packing loses no token in any setting") {
  Generator random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::vector<int>> documents(random.below(12));
    int32_t tokens = 0;
    for (auto& document : documents) {
      document.resize(random.below(12));
      for (int& sentence : document) tokens += sentence = static_cast<int>(random.below(40));
    }
    const PackingOptions options{.length = 8 + static_cast<int64_t>(random.below(40)),
                                 .cross_documents = random.below(2) == 1,
                                 .whole_sentences = random.below(2) == 1,
                                 .short_sequences = random.below(2) ? 0.3 : 0.0};
    PackingCounts counts;
    const Sequences packed = pack(options, documents, &counts);
    CHECK(counts.tokens == tokens);
    CHECK(counts.sequences == static_cast<int64_t>(packed.size()));
    int32_t expected = 10;
    for (const Ids& sequence : packed) {
      CHECK((sequence.front() == cls && sequence.back() == sep && sequence.size() >= 3));
      CHECK(static_cast<int64_t>(sequence.size()) <= options.length);
      for (size_t i = 1; i + 1 < sequence.size(); ++i) {
        if (sequence[i] == sep) {
          CHECK(options.cross_documents);
          CHECK(sequence[i + 1] != sep);
        } else {
          CHECK(sequence[i] == expected++);
        }
      }
    }
    CHECK(expected == 10 + tokens);
    CHECK(packing_options(describe(options), "x") == options);
  }
  const std::vector<std::vector<int>> long_document{std::vector<int>(2000, 7)};
  CHECK(pack({.length = 32}, long_document).size() == 500);
  CHECK(pack({.length = 32, .short_sequences = 0.1}, long_document).size() > 520);
  CHECK(pack({.length = 32, .short_sequences = 0.1}, long_document) ==
        pack({.length = 32, .short_sequences = 0.1}, long_document));
}
