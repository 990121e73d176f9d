// What the lanes of a warp agree on: votes, matches, reductions.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "warp";

__global__ void vote(const unsigned* patterns, unsigned* out) {
  const unsigned lane = threadIdx.x % 32, pattern = patterns[blockIdx.x];
  const bool mine = pattern >> lane & 1;
  unsigned* row = out + (blockIdx.x * 32 + lane) * 8;
  int uniform;
  asm volatile(
      "{ .reg .pred p, q; setp.ne.u32 p, %1, 0; vote.sync.uni.pred q, p, 0xffffffff; selp.u32 %0, 1, 0, q; }"
      : "=r"(uniform)
      : "r"(static_cast<int>(mine)));
  row[0] = __ballot_sync(0xffffffff, mine);
  row[1] = __any_sync(0xffffffff, mine);
  row[2] = __all_sync(0xffffffff, mine);
  row[3] = uniform;
  row[4] = row[5] = row[6] = row[7] = 0;
  if (lane >= 8 && lane < 20) {
    constexpr unsigned members = 0x000fff00;
    row[4] = __ballot_sync(members, !mine);
    row[5] = __any_sync(members, mine);
    row[6] = __all_sync(members, mine);
    row[7] = __ballot_sync(members, lane % 3 == 0);
  }
}
std::string votes() {
  const std::vector<unsigned> patterns{0, ~0u, 0x000fff00, 0xfff000ff, 1, 0x80000000, 0x12345678, 0xaaaaaaaa};
  std::vector<unsigned> want;
  for (const unsigned p : patterns) {
    for (unsigned lane = 0; lane < 32; ++lane) {
      constexpr unsigned members = 0x000fff00;
      const bool inside = lane >= 8 && lane < 20;
      for (const unsigned value :
           {p, unsigned{p != 0}, unsigned{p == ~0u}, unsigned{p == 0 || p == ~0u}, inside ? members & ~p : 0,
            unsigned{inside && (p & members) != 0}, unsigned{inside && (p & members) == members},
            inside ? members & 0x49249249u : 0}) {
        want.push_back(value);
      }
    }
  }
  Buffer<unsigned> in(patterns), out(want.size());
  vote<<<8, 32>>>(in.data(), out.data());
  return difference(out.host(), want);
}
KERNEL_CASE(votes)

template <class T>
__global__ void match(const T* values, unsigned* out) {
  const unsigned lane = threadIdx.x;
  const T x = values[blockIdx.x * 32 + lane];
  unsigned* row = out + (blockIdx.x * 32 + lane) * 4;
  int all;
  row[0] = __match_any_sync(0xffffffff, x);
  row[1] = __match_all_sync(0xffffffff, x, &all);
  row[2] = all;
  row[3] = 0;
  if (lane % 2 == 0) row[3] = __match_any_sync(0x55555555, x);
}
template <class T>
std::string matched() {
  std::vector<T> values;
  for (int i = 0; i < 32; ++i) values.push_back(static_cast<T>(i * i % 5) << (sizeof(T) * 8 - 8));
  for (int i = 0; i < 32; ++i) values.push_back(T(42));
  std::vector<unsigned> want;
  for (int block = 0; block < 2; ++block) {
    for (int lane = 0; lane < 32; ++lane) {
      unsigned same = 0;
      for (int l = 0; l < 32; ++l) same |= unsigned{values[block * 32 + l] == values[block * 32 + lane]} << l;
      for (const unsigned v :
           {same, same == ~0u ? ~0u : 0, unsigned{same == ~0u}, lane % 2 == 0 ? same & 0x55555555 : 0}) {
        want.push_back(v);
      }
    }
  }
  Buffer<T> in(values);
  Buffer<unsigned> out(want.size());
  match<<<2, 32>>>(in.data(), out.data());
  return difference(out.host(), want);
}
std::string matches() {
  return matched<unsigned>() + matched<unsigned long long>();
}
KERNEL_CASE(matches)

__global__ void reduce(const int* values, int* out) {
  const unsigned lane = threadIdx.x;
  const int x = values[lane];
  const auto u = static_cast<unsigned>(x);
  const unsigned mask = lane < 20 ? 0x000fffff : 0xfff00000;
  int* row = out + lane * 8;
  row[0] = __reduce_add_sync(0xffffffff, x);
  row[1] = __reduce_min_sync(0xffffffff, x);
  row[2] = __reduce_max_sync(0xffffffff, x);
  row[3] = static_cast<int>(__reduce_min_sync(0xffffffff, u));
  row[4] = static_cast<int>(__reduce_max_sync(0xffffffff, u));
  row[5] = static_cast<int>(__reduce_and_sync(0xffffffff, u | 0x11));
  row[6] = static_cast<int>(__reduce_or_sync(0xffffffff, u));
  if (lane < 20) {
    row[7] = __reduce_add_sync(mask, x);
  } else {
    row[7] = static_cast<int>(__reduce_xor_sync(mask, u));
  }
}
std::string reductions() {
  std::vector<int> values(32);
  for (int i = 0; i < 32; ++i)
    values[i] = static_cast<int>(static_cast<unsigned>(i * i + 3) * 2654435761u) >> 3;
  unsigned sum = 0, unsigned_min = ~0u, unsigned_max = 0, all = ~0u, some = 0, first = 0, odd = 0;
  int least = values[0], greatest = values[0];
  for (int i = 0; i < 32; ++i) {
    const auto u = static_cast<unsigned>(values[i]);
    sum += u, all &= u | 0x11, some |= u;
    least = std::min(least, values[i]), greatest = std::max(greatest, values[i]);
    unsigned_min = std::min(unsigned_min, u), unsigned_max = std::max(unsigned_max, u);
    (i < 20 ? first : odd) = i < 20 ? first + u : odd ^ u;
  }
  std::vector<int> want;
  for (int i = 0; i < 32; ++i) {
    for (const unsigned v : {sum, static_cast<unsigned>(least), static_cast<unsigned>(greatest), unsigned_min,
                             unsigned_max, all, some, i < 20 ? first : odd}) {
      want.push_back(static_cast<int>(v));
    }
  }
  Buffer<int> in(values), out(want.size());
  reduce<<<1, 32>>>(in.data(), out.data());
  return difference(out.host(), want);
}
KERNEL_CASE(reductions)

}  // namespace
}  // namespace gpusim::selfcheck
