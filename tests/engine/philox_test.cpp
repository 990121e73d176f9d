// The kernels' Philox against the generator's, and both against the published vectors.
#include "engine/kernels/philox.h"

#include <doctest/doctest.h>

#include <cstring>

#include "engine/core/random.h"

namespace k = mosaic::kernels::baseline;

TEST_CASE("philox: blocks and batches have the generator's words") {
  for (const uint64_t key : {uint64_t{0}, uint64_t{42}, ~uint64_t{0}, uint64_t{0x123456789abcdef}}) {
    for (const uint64_t counter : {uint64_t{0}, uint64_t{7}, uint64_t{0xfffffffa}, ~uint64_t{0} - 20}) {
      uint32_t batch[k::philox_batch];
      k::philox_words(key, counter, batch);
      for (uint64_t block = 0; block < k::philox_blocks; ++block) {
        uint32_t want[4], got[4];
        mosaic::philox4x32(key, counter + block, want);
        k::philox_block(key, counter + block, got);
        CHECK(std::memcmp(want, got, sizeof want) == 0);
        CHECK(std::memcmp(want, batch + 4 * block, sizeof want) == 0);
      }
    }
  }
}

TEST_CASE("philox: known answer for zero key and counter") {
  // Philox4x32-10 test vector of the authors' Random123 library.
  uint32_t words[4];
  mosaic::philox4x32(0, 0, words);
  const uint32_t want[4] = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
  CHECK(std::memcmp(words, want, sizeof want) == 0);
}
