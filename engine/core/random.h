// Counter-based random numbers (Philox4x32-10): the same bits on every device and for any thread count.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mosaic {

// What a kernel needs to draw: block b of stream `key` is philox(key, counter + b), four 32-bit words.
struct PhiloxKey {
  uint64_t key = 0;
  uint64_t counter = 0;
};

// Four 32-bit words of one counter; the reference every kernel's copy is tested against.
// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11).
void philox4x32(uint64_t key, uint64_t counter, uint32_t out[4]);

// A position in one stream. Streams made with different names are independent, so drawing architectures,
// batches and dropout masks do not disturb one another; a checkpoint stores seed, stream and position.
class Generator {
 public:
  explicit Generator(uint64_t seed, uint64_t position = 0) : key_(seed), position_(position) {}

  // An independent stream that depends on this one's key and the name only, not on its position.
  Generator fork(std::string_view name) const;
  Generator fork(uint64_t index) const;

  // Sets aside ceil(values / 4) counters and returns the first: element i of the kernel uses word i % 4 of
  // block counter + i / 4.
  PhiloxKey reserve(int64_t values);

  uint64_t key() const { return key_; }
  uint64_t position() const { return position_; }
  void seek(uint64_t position) { position_ = position; }

  uint32_t next();             // 32 uniform bits; uses a whole counter block
  uint64_t below(uint64_t n);  // uniform in [0, n), without modulo bias; n > 0
  double uniform();            // [0, 1) with 53 bits
  double normal();             // standard normal (Box-Muller)

  // Fisher-Yates.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[static_cast<size_t>(below(i))]);
  }

 private:
  uint64_t key_, position_;
};

}  // namespace mosaic
