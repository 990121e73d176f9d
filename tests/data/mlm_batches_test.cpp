// Batches made from a corpus on disk.
#include "data/mlm_batches.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "data/text/wordpiece_trainer.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "tests/support/mlm_text.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Ids = std::vector<int32_t>;

TEST_CASE("batches are padded, masked and the same whatever surrounds them") {
  const TemporaryFolder folder;
  build_mlm_corpus({folder.file("a.txt", made_up_text(1))}, vocabulary(), folder / "c",
                   {.packing = {.length = 32}, .valid_share = 0.1});
  const MlmCorpus corpus = MlmCorpus::open(folder / "c", vocabulary());
  const Masking masking(vocabulary());
  const std::vector<int64_t> indices{5, 0, 77, 3};
  const MlmBatch batch = make_mlm_batch(corpus.train(), masking, indices, 2);
  CHECK(batch.rows == 4);
  CHECK(batch.indices == indices);
  Ids restored = batch.ids;
  for (size_t i = 0; i < batch.positions.size(); ++i)
    restored[static_cast<size_t>(batch.positions[i])] = batch.targets[i];
  CHECK(batch.targets.size() == batch.positions.size());
  CHECK(std::is_sorted(batch.positions.begin(), batch.positions.end()));
  int64_t tokens = 0, longest = 0, guesses = 0;
  for (size_t row = 0; row < 4; ++row) {
    Ids ids = corpus.train().read(indices[row]);
    CHECK(batch.lengths[row] == static_cast<int32_t>(ids.size()));
    tokens += static_cast<int64_t>(ids.size());
    longest = std::max(longest, static_cast<int64_t>(ids.size()));
    guesses += static_cast<int64_t>(masking.train(ids, 2, indices[row]).positions.size());
    ids.resize(static_cast<size_t>(batch.length), 0);
    CHECK(Ids(restored.begin() + static_cast<int64_t>(row) * batch.length,
              restored.begin() + static_cast<int64_t>(row + 1) * batch.length) == ids);
  }
  CHECK(batch.tokens == tokens);
  CHECK(batch.length == longest);
  CHECK(static_cast<int64_t>(batch.targets.size()) == guesses);
  // A row alone is masked as in the batch; threads change nothing; validation is the same for every seed.
  const MlmBatch alone = make_mlm_batch(corpus.train(), masking, {77}, 2);
  CHECK(std::equal(alone.ids.begin(), alone.ids.end(), batch.ids.begin() + 2 * batch.length));
  const int before = threads();
  set_threads(3);
  const MlmBatch again = make_mlm_batch(corpus.train(), masking, indices, 2);
  set_threads(before);
  CHECK((again.ids == batch.ids && again.positions == batch.positions && again.targets == batch.targets));
  CHECK(make_mlm_batch(corpus.train(), masking, indices, 3).ids != batch.ids);
  const MlmBatch valid = make_valid_batch(corpus.valid(), masking, {0, 1, 2});
  CHECK(valid.ids == make_valid_batch(corpus.valid(), Masking(vocabulary(), {.seed = 9}), {0, 1, 2}).ids);
  CHECK_THROWS_AS(make_mlm_batch(corpus.train(), masking, {}, 0), ArgumentError);
  CHECK_THROWS_AS(make_mlm_batch(corpus.train(), masking, {1 << 20}, 0), ArgumentError);
}

TEST_CASE("real text is learnt from, packed and mostly full") {
  const char* root = std::getenv("MOSAIC_DATA");
  const std::filesystem::path text = std::filesystem::path(root ? root : "") / "mlm/us-speeches.sent.txt.gz";
  if (!root || !std::filesystem::exists(text)) {
    std::cout << "skipped: MOSAIC_DATA has no mlm/us-speeches.sent.txt.gz\n";
    return;
  }
  WordCounts words;
  words.add_file(text);
  const WordPiece wordpiece = train_wordpiece(words, {.vocabulary = 4000});
  CHECK(wordpiece.size() == 4000);
  const TemporaryFolder folder;
  build_mlm_corpus({text}, wordpiece, folder / "c", {.valid_share = 0.05});
  const MlmCorpus corpus = MlmCorpus::open(folder / "c", wordpiece);
  const auto per_word = static_cast<double>(corpus.train().tokens() + corpus.valid().tokens()) /
                        static_cast<double>(words.words());
  const double filled =
      static_cast<double>(corpus.train().tokens()) / (126.0 * static_cast<double>(corpus.train().size()));
  MESSAGE("speeches: ", words.words(), " words, ", per_word, " tokens a word, sequences ",
          corpus.train().size(), " + ", corpus.valid().size(), ", filled to ", filled);
  CHECK((per_word > 1 && per_word < 1.35));
  CHECK(filled > 0.8);
  CHECK(corpus.manifest()["train"]["unknown_tokens"] == 0);
}
