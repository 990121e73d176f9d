// NumPy's default random stream (PCG64 seeded through SeedSequence), so that resampling tests draw the
// samples that sacreBLEU draws. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good
// Algorithms" (2014); the bounded integers are Lemire's (2019).
#pragma once

#include <bit>
#include <cstdint>

namespace mosaic::data {

class NumpyRandom {
 public:
  // As numpy.random.default_rng(seed).
  explicit NumpyRandom(uint64_t seed);

  uint64_t next64() {
    constexpr Wide multiplier = Wide{0x2360ed051fc65da4} << 64 | 0x4385df649fccf645;
    state_ = state_ * multiplier + increment_;
    // XSL-RR: both halves folded, rotated by the top six bits.
    return std::rotr(static_cast<uint64_t>(state_ >> 64) ^ static_cast<uint64_t>(state_),
                     static_cast<int>(state_ >> 122));
  }
  // The lower half of a next64() first, then its upper half.
  uint32_t next32() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const uint64_t both = next64();
    spare_ = static_cast<uint32_t>(both >> 32);
    has_spare_ = true;
    return static_cast<uint32_t>(both);
  }
  // Uniform over 0..n-1, as Generator.choice and Generator.integers draw it. n = 1 draws nothing.
  uint32_t below(uint32_t n) {
    if (n <= 1) return 0;
    uint64_t product = uint64_t{next32()} * n;
    if (static_cast<uint32_t>(product) < n) {
      const uint32_t threshold = (0xFFFFFFFF - (n - 1)) % n;
      while (static_cast<uint32_t>(product) < threshold) product = uint64_t{next32()} * n;
    }
    return static_cast<uint32_t>(product >> 32);
  }
  // One boolean of Generator.integers(2, dtype=bool): bits of a next32(), the lowest first. A new call of
  // that function starts with fresh bits: forget_bits() between two arrays.
  bool bit() {
    if (bits_left_ == 0) {
      bits_ = next32();
      bits_left_ = 32;
    }
    const bool out = bits_ & 1;
    bits_ >>= 1;
    --bits_left_;
    return out;
  }
  void forget_bits() { bits_left_ = 0; }

 private:
  __extension__ using Wide = unsigned __int128;
  Wide state_ = 0, increment_ = 0;
  uint32_t spare_ = 0, bits_ = 0;
  bool has_spare_ = false;
  int bits_left_ = 0;
};

}  // namespace mosaic::data
