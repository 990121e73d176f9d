#include "engine/core/random.h"

#include <cmath>
#include <numbers>

namespace mosaic {
namespace {

uint64_t mix(uint64_t x) {  // splitmix64's finaliser: every input bit reaches every output bit
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ull;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

void philox4x32(uint64_t key, uint64_t counter, uint32_t out[4]) {
  uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32), c2 = 0, c3 = 0;
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0,
                   n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

Generator Generator::fork(std::string_view name) const {
  uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return Generator(mix(key_ + 0x9e3779b97f4a7c15ull) ^ mix(hash));
}

Generator Generator::fork(uint64_t index) const {
  return Generator(mix(mix(key_ + 0x9e3779b97f4a7c15ull) + mix(index + 0x632be59bd9b4e019ull)));
}

PhiloxKey Generator::reserve(int64_t values) {
  const PhiloxKey first{key_, position_};
  position_ += static_cast<uint64_t>((values + 3) / 4);
  return first;
}

uint32_t Generator::next() {
  uint32_t words[4];
  philox4x32(key_, position_++, words);
  return words[0];
}

uint64_t Generator::below(uint64_t n) {
  const uint64_t limit =
      ~uint64_t{0} - (~uint64_t{0} % n + 1) % n;  // largest value of a whole number of ranges
  while (true) {
    uint32_t words[4];
    philox4x32(key_, position_++, words);
    const uint64_t draw = uint64_t{words[0]} << 32 | words[1];
    if (draw <= limit) return draw % n;
  }
}

double Generator::uniform() {
  uint32_t words[4];
  philox4x32(key_, position_++, words);
  return static_cast<double>((uint64_t{words[0]} << 32 | words[1]) >> 11) * 0x1p-53;
}

double Generator::normal() {
  uint32_t words[4];
  philox4x32(key_, position_++, words);
  const double u = (static_cast<double>(words[0]) + 0.5) * 0x1p-32,
               v = static_cast<double>(words[1]) * 0x1p-32;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

}  // namespace mosaic
