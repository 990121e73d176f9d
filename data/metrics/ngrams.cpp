#include "data/metrics/ngrams.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mosaic::data {
namespace {

constexpr uint32_t vacant = 0xFFFFFFFF;

uint64_t scattered(uint64_t key) {
  key *= 0x9E3779B97F4A7C15;  // Fibonacci hashing: the upper half is well mixed
  return key ^ key >> 32;
}

// FNV-1a, eight bytes at a time.
uint64_t hashed(std::string_view token) {
  uint64_t hash = 0xcbf29ce484222325 ^ token.size();
  for (size_t i = 0; i < token.size(); i += 8) {
    uint64_t part = 0;
    std::memcpy(&part, token.data() + i, std::min<size_t>(8, token.size() - i));
    hash = (hash ^ part) * 0x100000001b3;
    hash ^= hash >> 29;
  }
  return scattered(hash);
}

}  // namespace

TokenNumbers::TokenNumbers(size_t most_tokens)
    : slots_(std::bit_ceil(2 * most_tokens + 1), Slot{{}, vacant}) {}

uint32_t TokenNumbers::of(std::string_view token) {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hashed(token) & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.number == vacant) {
      slot = {token, numbers_};
      return numbers_++;
    }
    if (slot.token == token) return slot.number;
  }
}

NgramCounts::NgramCounts(const std::vector<std::vector<uint32_t>>& texts) : texts_(texts), prefixes_(texts) {
  size_t positions = 1;
  for (const auto& text : texts) positions += text.size();
  slots_.resize(std::bit_ceil(2 * positions));
  counts_.reserve(positions * texts.size());
}

uint32_t NgramCounts::number_of(uint64_t key) {
  const size_t mask = slots_.size() - 1;
  for (size_t at = scattered(key) & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.number == vacant) {
      slot = {key, numbers_};
      counts_.resize(counts_.size() + texts_.size(), 0);
      return numbers_++;
    }
    if (slot.key == key) return slot.number;
  }
}

void NgramCounts::advance() {
  ++order_;
  numbers_ = 0;
  counts_.clear();
  std::fill(slots_.begin(), slots_.end(), Slot{0, vacant});
  for (size_t t = 0; t < texts_.size(); ++t) {
    const std::vector<uint32_t>& text = texts_[t];
    std::vector<uint32_t>& prefix = prefixes_[t];
    for (size_t i = 0; i + order_ <= text.size(); ++i) {
      const uint64_t key = order_ == 1 ? uint64_t{text[i]} : uint64_t{prefix[i]} << 32 | text[i + order_ - 1];
      prefix[i] = number_of(key);
      ++counts_[prefix[i] * texts_.size() + t];
    }
  }
}

int64_t NgramCounts::total(size_t text) const {
  return std::max<int64_t>(0, static_cast<int64_t>(texts_[text].size()) - static_cast<int64_t>(order_) + 1);
}

}  // namespace mosaic::data
