#include "tests/gpusim/selfcheck/number.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>

#include "tests/gpusim/selfcheck/reference.h"

namespace gpusim::selfcheck {
namespace {

bool packed(Kind kind) {
  return kind == Kind::f16x2 || kind == Kind::bf16x2;
}
Kind half_of(Kind kind) {
  return kind == Kind::f16x2 ? Kind::f16 : Kind::bf16;
}

template <class T>
uint64_t bits_of(T value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class T>
std::vector<uint64_t> integer_specials() {
  std::vector<uint64_t> bits;
  for (const int64_t value : {0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 255, 0x5555, -1, -2, -128}) {
    bits.push_back(bits_of(static_cast<T>(value)));
  }
  using limits = std::numeric_limits<T>;
  for (const T value : {limits::max(), limits::min(), static_cast<T>(limits::max() - 1),
                        static_cast<T>(limits::min() + 1), static_cast<T>(limits::max() / 2 + 1)}) {
    bits.push_back(bits_of(value));
  }
  return bits;
}

template <class T>
std::vector<uint64_t> float_specials() {
  using limits = std::numeric_limits<T>;
  std::vector<uint64_t> bits;
  for (const T value : {T(0), T(1), T(0.5), T(1.5), T(2.5), T(3), T(127.5), T(128), T(65504), T(2147483648.0),
                        T(9.3e18), T(1) + limits::epsilon(), T(1) - limits::epsilon() / 2, limits::max(),
                        limits::min(), limits::denorm_min(), limits::min() - limits::denorm_min(),
                        limits::infinity(), limits::quiet_NaN()}) {
    bits.push_back(bits_of(value));
    bits.push_back(bits_of(-value));
  }
  return bits;
}

std::vector<uint64_t> half_specials(Kind kind) {
  if (kind == Kind::f16) {
    return {0x0000, 0x8000, 0x3c00, 0xbc00, 0x3c01, 0x3800, 0x4200, 0x0001, 0x8001, 0x03ff,
            0x0400, 0x8400, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe01, 0x4900, 0x5640};
  }
  return {0x0000, 0x8000, 0x3f80, 0xbf80, 0x3f81, 0x3f00, 0x4040, 0x0001, 0x8001, 0x007f,
          0x0080, 0x8080, 0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0, 0xffc1, 0x4120, 0x42c8};
}

std::vector<uint64_t> specials(Kind kind) {
  switch (kind) {
    case Kind::s16:
      return integer_specials<s16>();
    case Kind::u16:
      return integer_specials<u16>();
    case Kind::s32:
      return integer_specials<s32>();
    case Kind::u32:
      return integer_specials<u32>();
    case Kind::s64:
      return integer_specials<s64>();
    case Kind::u64:
      return integer_specials<u64>();
    case Kind::f32:
      return float_specials<f32>();
    case Kind::f64:
      return float_specials<f64>();
    default:
      break;
  }
  std::vector<uint64_t> bits = half_specials(packed(kind) ? half_of(kind) : kind);
  if (packed(kind)) {
    const std::vector<uint64_t> low = bits;
    for (size_t i = 0; i < bits.size(); ++i) bits[i] |= low[(7 * i + 3) % low.size()] << 16;
  }
  return bits;
}

// A third of the numbers small, so that shifts, positions and sums of like magnitude occur.
uint64_t random_bits(Kind kind, std::mt19937_64& random) {
  const uint64_t any = random();
  if (any % 3 != 0) return random();
  const double small = static_cast<double>(static_cast<int64_t>(random() % 200001) - 100000) / 1024;
  switch (kind) {
    case Kind::f32:
      return bits_of(static_cast<f32>(small));
    case Kind::f64:
      return bits_of(small);
    case Kind::f16:
      return to_f16(small).bits;
    case Kind::bf16:
      return to_bf16(small).bits;
    case Kind::f16x2:
      return to_f16(small).bits | static_cast<uint64_t>(to_f16(small / 3).bits) << 16;
    case Kind::bf16x2:
      return to_bf16(small).bits | static_cast<uint64_t>(to_bf16(small / 3).bits) << 16;
    default:
      return random() % 71;
  }
}

bool same_half(Kind kind, uint16_t a, uint16_t b) {
  if (a == b) return true;
  return kind == Kind::f16 ? std::isnan(value(f16{a})) && std::isnan(value(f16{b}))
                           : std::isnan(value(bf16{a})) && std::isnan(value(bf16{b}));
}

template <class T>
T load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

constexpr size_t random_count = 1024;

}  // namespace

size_t bytes_of(Kind kind) {
  switch (kind) {
    case Kind::s16:
    case Kind::u16:
    case Kind::f16:
    case Kind::bf16:
      return 2;
    case Kind::s64:
    case Kind::u64:
    case Kind::f64:
      return 8;
    default:
      return 4;
  }
}

size_t operand_count(const std::vector<Kind>& kinds) {
  size_t pairs = 1;
  for (size_t k = 0; k < kinds.size() && k < 2; ++k) pairs *= specials(kinds[k]).size();
  return pairs + random_count;
}

std::vector<std::byte> operand_values(Kind kind, size_t position, uint64_t seed) {
  std::mt19937_64 random(seed * 31 + position);
  const std::vector<uint64_t> special = specials(kind);
  const size_t bytes = bytes_of(kind), most = 40 * 40 + random_count;
  std::vector<std::byte> values(most * bytes);
  for (size_t i = 0; i < most; ++i) {
    uint64_t bits = random_bits(kind, random);
    const uint64_t chosen = special[random() % special.size()];
    if (position == 0 && i < special.size() * special.size()) bits = special[i % special.size()];
    if (position == 1 && i < special.size() * 40) bits = special[i / 40 % special.size()];
    if (position > 1 && random() % 2 == 0) bits = chosen;
    std::memcpy(values.data() + i * bytes, &bits, bytes);
  }
  return values;
}

bool same(Kind kind, const std::byte* a, const std::byte* b) {
  if (std::memcmp(a, b, bytes_of(kind)) == 0) return true;
  switch (kind) {
    case Kind::f32:
      return std::isnan(load<f32>(a)) && std::isnan(load<f32>(b));
    case Kind::f64:
      return std::isnan(load<f64>(a)) && std::isnan(load<f64>(b));
    case Kind::f16:
    case Kind::bf16:
      return same_half(kind, load<u16>(a), load<u16>(b));
    case Kind::f16x2:
    case Kind::bf16x2:
      return same_half(half_of(kind), load<u16>(a), load<u16>(b)) &&
             same_half(half_of(kind), load<u16>(a + 2), load<u16>(b + 2));
    default:
      return false;
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

std::string describe(Kind kind, const std::byte* bytes) {
  std::ostringstream text;
  uint64_t bits = 0;
  std::memcpy(&bits, bytes, bytes_of(kind));
  text << "0x" << std::hex << bits << std::dec << " (";
  text.precision(17);
  switch (kind) {
    case Kind::s16:
      text << load<s16>(bytes);
      break;
    case Kind::s32:
      text << load<s32>(bytes);
      break;
    case Kind::s64:
      text << load<s64>(bytes);
      break;
    case Kind::f32:
      text << load<f32>(bytes);
      break;
    case Kind::f64:
      text << load<f64>(bytes);
      break;
    case Kind::f16:
      text << value(f16{load<u16>(bytes)});
      break;
    case Kind::bf16:
      text << value(bf16{load<u16>(bytes)});
      break;
    case Kind::f16x2:
      text << value(f16{load<u16>(bytes)}) << ", " << value(f16{load<u16>(bytes + 2)});
      break;
    case Kind::bf16x2:
      text << value(bf16{load<u16>(bytes)}) << ", " << value(bf16{load<u16>(bytes + 2)});
      break;
    default:
      text << bits;
  }
  text << ")";
  return text.str();
}

}  // namespace gpusim::selfcheck
