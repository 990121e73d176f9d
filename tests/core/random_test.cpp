#include "engine/core/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

using namespace mosaic;

namespace {

using Words = std::array<uint32_t, 4>;

// The definition, with all four counter words free.
Words philox_reference(Words c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round, k[0] += 0x9E3779B9u, k[1] += 0xBB67AE85u) {
    const uint64_t a = uint64_t{0xD2511F53u} * c[0], b = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(a)};
  }
  return c;
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the known answers of its authors") {
  CHECK(philox_reference({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr uint32_t f = 0xffffffff;
  CHECK(philox_reference({f, f, f, f}, {f, f}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox_reference({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  uint32_t out[4];
  philox4x32(0, 0, out);
  CHECK(out[0] == 0x6627e8d5);
  for (uint64_t i = 0; i < 200; ++i) {
    const uint64_t key = i * 0x9e3779b97f4a7c15ull, counter = i * i * 0xbf58476d1ce4e5b9ull;
    philox4x32(key, counter, out);
    const Words expected =
        philox_reference({static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 0, 0},
                         {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)});
    CHECK(Words{out[0], out[1], out[2], out[3]} == expected);
  }
}

TEST_CASE("a generator is its key and position") {
  Generator a(7), b(7);
  for (int i = 0; i < 5; ++i) CHECK(a.next() == b.next());
  CHECK(a.position() == 5);
  Generator resumed(7, a.position());
  CHECK(resumed.next() == a.next());
  a.seek(0);
  b.seek(0);
  CHECK(a.uniform() == b.uniform());
  CHECK(Generator(7).next() != Generator(8).next());
}

TEST_CASE("forks depend on key and name, not on position") {
  Generator a(7);
  const uint64_t key = a.fork("dropout").key();
  a.next();
  CHECK(a.fork("dropout").key() == key);
  CHECK(a.fork("batches").key() != key);
  CHECK(Generator(8).fork("dropout").key() != key);
  std::set<uint64_t> keys;
  for (uint64_t i = 0; i < 1000; ++i) keys.insert(a.fork(i).key());
  CHECK(keys.size() == 1000);
}

TEST_CASE("reserve sets aside a counter for four values") {
  Generator a(7);
  CHECK(a.reserve(1).counter == 0);
  CHECK(a.reserve(4).counter == 1);
  CHECK(a.reserve(5).counter == 2);
  CHECK(a.reserve(0).counter == 4);
  CHECK(a.position() == 4);
}

TEST_CASE("draws have the distributions they claim") {
  Generator random(11);
  constexpr int n = 20000;
  double sum = 0, squares = 0, uniform = 0;
  std::array<int, 7> counts{};
  for (int i = 0; i < n; ++i) {
    const double z = random.normal(), u = random.uniform();
    sum += z;
    squares += z * z;
    uniform += u;
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    ++counts[static_cast<size_t>(random.below(7))];
  }
  CHECK(std::abs(sum / n) < 0.03);
  CHECK(std::abs(squares / n - 1) < 0.05);
  CHECK(std::abs(uniform / n - 0.5) < 0.01);
  for (const int count : counts) CHECK(std::abs(count - n / 7.0) < 5 * std::sqrt(n / 7.0));
  CHECK(random.below(1) == 0);
}

TEST_CASE("shuffle permutes and can be repeated") {
  std::vector<int> items(100);
  for (int i = 0; i < 100; ++i) items[static_cast<size_t>(i)] = i;
  std::vector<int> a = items, b = items;
  Generator(3).shuffle(a);
  Generator(3).shuffle(b);
  CHECK(a == b);
  CHECK(a != items);
  std::sort(a.begin(), a.end());
  CHECK(a == items);
}
