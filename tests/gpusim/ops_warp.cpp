// Lanes among each other: shuffles, votes, and what orders their accesses to memory.
#include <algorithm>
#include <array>

#include "tests/gpusim/access.h"

namespace gpusim {
namespace {

enum class Shuffle { butterfly, up, down, index };

// d|p = a of another lane, by s = {a, b, c, members}. c: the clamp in its low bits, the segments' mask above
// (PTX's description of shfl.sync).
template <Shuffle mode>
void shuffle(Warp& warp, const Instruction& i, LaneMask lanes) {
  std::array<uint32_t, lanes_per_warp> values;
  std::copy_n(warp.registers + i.s[0], lanes_per_warp, values.begin());
  LaneMask in_range = 0;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    const int b = static_cast<int>(warp.registers[i.s[1] + lane] & 31);
    const uint32_t c = warp.registers[i.s[2] + lane];
    const int segment = static_cast<int>((c >> 8) & 31), clamp = static_cast<int>(c & 31);
    const int most = (lane & segment) | (clamp & ~segment), least = lane & segment;
    int from = 0;
    bool valid = false;
    switch (mode) {
      case Shuffle::up:
        from = lane - b, valid = from >= most;
        break;
      case Shuffle::down:
        from = lane + b, valid = from <= most;
        break;
      case Shuffle::butterfly:
        from = lane ^ b, valid = from <= most;
        break;
      case Shuffle::index:
        from = least | (b & ~segment), valid = from <= most;
        break;
    }
    if (!valid) from = lane;
    if (((lanes >> from) & 1) == 0)
      fault(warp, i, lane, "shuffle from lane " + std::to_string(from) + ", which does not take part");
    warp.registers[i.d[0] + lane] = values[static_cast<size_t>(from)];
    in_range |= static_cast<LaneMask>(valid) << lane;
  }
  if (i.d[1] >= 0) set_predicate(warp, i.d[1], lanes, in_range);
}

enum class Vote { all, any, uniform, ballot };

// d over the lanes' predicate s[0].
template <Vote mode>
void vote(Warp& warp, const Instruction& i, LaneMask lanes) {
  const LaneMask yes = warp.predicates[i.s[0]] & lanes;
  if constexpr (mode == Vote::ballot) {
    for_lanes(lanes, [&](int lane) { warp.registers[i.d[0] + lane] = yes; });
  } else {
    const bool holds = mode == Vote::all   ? yes == lanes
                       : mode == Vote::any ? yes != 0
                                           : yes == lanes || yes == 0;
    set_predicate(warp, i.d[0], lanes, holds ? all_lanes : 0);
  }
}

// The lanes that have the same value; `all`: all of them or none, with a predicate.
template <class T, bool all>
void match(Warp& warp, const Instruction& i, LaneMask lanes) {
  const auto* const values = Lane<T>::words(warp, i.s[0]);
  std::array<LaneMask, lanes_per_warp> found{};
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<size_t>(std::countr_zero(rest));
    for (LaneMask others = lanes; others != 0; others &= others - 1) {
      const int other = std::countr_zero(others);
      if (values[other] == values[lane]) found[lane] |= LaneMask{1} << other;
    }
  }
  for_lanes(lanes, [&](int lane) {
    const LaneMask same = found[static_cast<size_t>(lane)];
    warp.registers[i.d[0] + lane] = all && same != lanes ? 0 : same;
  });
  if (all && i.d[1] >= 0)
    set_predicate(warp, i.d[1], lanes,
                  found[static_cast<size_t>(std::countr_zero(lanes))] == lanes ? all_lanes : 0);
}

template <class T, auto f>
void reduce(Warp& warp, const Instruction& i, LaneMask lanes) {
  T result{};
  bool first = true;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const T value = Lane<T>::get(warp.registers + i.s[0], std::countr_zero(rest));
    result = first ? value : static_cast<T>(f(result, value));
    first = false;
  }
  for_lanes(lanes, [&](int lane) { Lane<T>::set(warp.registers + i.d[0], lane, result); });
}

Handler reduction(Opcode& opcode) {
  using U = uint32_t;
  using S = int32_t;
  const bool is_signed = opcode.take("s32");
  if (!is_signed && !opcode.take("u32") && !opcode.take("b32")) return nullptr;
  if (opcode.take("add")) return &reduce<U, [](U a, U b) { return a + b; }>;
  if (opcode.take("and")) return &reduce<U, [](U a, U b) { return a & b; }>;
  if (opcode.take("or")) return &reduce<U, [](U a, U b) { return a | b; }>;
  if (opcode.take("xor")) return &reduce<U, [](U a, U b) { return a ^ b; }>;
  if (opcode.take("min")) {
    return is_signed ? &reduce<S, [](S a, S b) { return std::min(a, b); }>
                     : &reduce<U, [](U a, U b) { return std::min(a, b); }>;
  }
  if (opcode.take("max")) {
    return is_signed ? &reduce<S, [](S a, S b) { return std::max(a, b); }>
                     : &reduce<U, [](U a, U b) { return std::max(a, b); }>;
  }
  return nullptr;
}

Handler shuffle_named(Opcode& opcode) {
  if (opcode.take("bfly")) return &shuffle<Shuffle::butterfly>;
  if (opcode.take("up")) return &shuffle<Shuffle::up>;
  if (opcode.take("down")) return &shuffle<Shuffle::down>;
  return opcode.take("idx") ? &shuffle<Shuffle::index> : nullptr;
}

Irregular collective(Handler handler, int destinations, std::vector<int> bits, int members) {
  return {.handler = handler,
          .control = Control::collective,
          .destinations = destinations,
          .bits = std::move(bits),
          .members = members};
}

std::optional<Irregular> vote_form(Opcode& opcode) {
  if (opcode.take("ballot")) {
    opcode.take("b32");
    return collective(&vote<Vote::ballot>, 1, {32, 1, 32}, 2);
  }
  opcode.take("pred");
  const Handler handler = opcode.take("all")   ? &vote<Vote::all>
                          : opcode.take("any") ? &vote<Vote::any>
                          : opcode.take("uni") ? &vote<Vote::uniform>
                                               : nullptr;
  return collective(handler, 1, {1, 1, 32}, 2);
}

std::optional<Irregular> match_form(Opcode& opcode) {
  const bool wide = opcode.take("b64");
  if (!wide) opcode.take("b32");
  const int bits = wide ? 64 : 32;
  if (opcode.take("any"))
    return collective(wide ? &match<uint64_t, false> : &match<uint32_t, false>, 1, {32, bits, 32}, 2);
  if (!opcode.take("all")) return std::nullopt;
  Irregular form =
      collective(wide ? &match<uint64_t, true> : &match<uint32_t, true>, 2, {32, 1, bits, 32}, 3);
  form.second_may_be_missing = true;
  return form;
}

// Orders the lanes that take part.
void synchronise_warp(Warp& warp, const Instruction&, LaneMask) {
  warp.time = warp.sync_time = ++clock_of_events();
}

void fence(Warp& warp, const Instruction&, LaneMask) {
  auto& times = warp.block->launch->fence_times;
  if (times.empty()) return;
  __atomic_store_n(&times[warp.block->linear % times.size()], ++clock_of_events(), __ATOMIC_RELEASE);
}

std::optional<Irregular> fence_form(Opcode& opcode) {
  for (const char* word : {"gl", "sys", "cta", "gpu", "sc", "acq_rel"}) opcode.take(word);
  Irregular form;
  form.handler = &fence;
  return form;
}

void active_mask(Warp& warp, const Instruction& i, LaneMask lanes) {
  for_lanes(lanes, [&](int lane) { warp.registers[i.d[0] + lane] = lanes; });
}

}  // namespace

std::optional<Irregular> warp_form(Opcode& opcode) {
  if (opcode.is("membar") || opcode.is("fence")) return fence_form(opcode);
  if (opcode.is("activemask")) {
    opcode.take("b32");
    return Irregular{.handler = &active_mask, .destinations = 1, .bits = {32}};
  }
  if (opcode.is("bar") && opcode.take("warp")) {
    opcode.take("sync");
    return collective(&synchronise_warp, 0, {32}, 0);
  }
  if (!opcode.take("sync")) return std::nullopt;
  if (opcode.is("shfl")) {
    opcode.take("b32");
    Irregular form = collective(shuffle_named(opcode), 2, {32, 1, 32, 32, 32, 32}, 5);
    form.second_may_be_missing = true;
    return form;
  }
  if (opcode.is("vote")) return vote_form(opcode);
  if (opcode.is("match")) return match_form(opcode);
  if (opcode.is("redux")) return collective(reduction(opcode), 1, {32, 32, 32}, 2);
  return std::nullopt;
}

}  // namespace gpusim
