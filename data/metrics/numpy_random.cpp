#include "data/metrics/numpy_random.h"

#include <array>
#include <cstddef>

namespace mosaic::data {
namespace {

// SeedSequence: the seed's 32-bit words are hashed into a pool of four, the pool into as many words as are
// wanted.
class SeedSequence {
 public:
  explicit SeedSequence(uint64_t seed) {
    const std::array<uint32_t, 4> entropy{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), 0,
                                          0};
    uint32_t multiplier = 0x43b0d7e5;
    for (size_t i = 0; i < pool_.size(); ++i) pool_[i] = hashed(entropy[i], multiplier, 0x931e8875);
    for (size_t from = 0; from < pool_.size(); ++from) {
      for (size_t to = 0; to < pool_.size(); ++to) {
        if (from != to) pool_[to] = mixed(pool_[to], hashed(pool_[from], multiplier, 0x931e8875));
      }
    }
  }

  template <size_t words>
  std::array<uint64_t, words> generate() const {
    std::array<uint64_t, words> out{};
    uint32_t multiplier = 0x8b51f9dd;
    for (size_t i = 0; i < 2 * words; ++i)
      out[i / 2] |= uint64_t{hashed(pool_[i % pool_.size()], multiplier, 0x58f38ded)} << (i % 2 * 32);
    return out;
  }

 private:
  static uint32_t hashed(uint32_t value, uint32_t& multiplier, uint32_t step) {
    value ^= multiplier;
    multiplier *= step;
    value *= multiplier;
    return value ^ value >> 16;
  }
  static uint32_t mixed(uint32_t x, uint32_t y) {
    const uint32_t out = 0xca01f9dd * x - 0x4973f715 * y;
    return out ^ out >> 16;
  }
  std::array<uint32_t, 4> pool_{};
};

}  // namespace

NumpyRandom::NumpyRandom(uint64_t seed) {
  const std::array<uint64_t, 4> words = SeedSequence(seed).generate<4>();
  const Wide start = Wide{words[0]} << 64 | words[1];
  increment_ = (Wide{words[2]} << 64 | words[3]) << 1 | 1;
  next64();
  state_ += start;
  next64();
}

}  // namespace mosaic::data
