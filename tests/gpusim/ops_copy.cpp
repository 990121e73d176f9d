// cp.async, done at once, and hints.
#include <charconv>

#include "tests/gpusim/access.h"
#include "tests/gpusim/address.h"

namespace gpusim {
namespace {

void nothing(Warp&, const Instruction&, LaneMask) {}

// The lanes that want as many bytes as the first of them. Without the operand: all want the whole.
LaneMask lanes_of_one_size(const Warp& warp, const Instruction& i, LaneMask lanes) {
  if (i.s[3] < 0) return lanes;
  const uint32_t* const sizes = warp.registers + i.s[3];
  LaneMask same = 0;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    if (sizes[std::countr_zero(rest)] == sizes[std::countr_zero(lanes)]) same |= rest & (0 - rest);
  }
  return same;
}

// s = {shared address, global address, bytes, bytes to read (the rest is zero)}.
template <size_t bytes>
void copy(Warp& warp, const Instruction& i, LaneMask lanes) {
  std::byte values[lanes_per_warp][bytes] = {};
  for (LaneMask rest = lanes; rest != 0;) {
    const LaneMask group = lanes_of_one_size(warp, i, rest);
    rest &= ~group;
    const int first = std::countr_zero(group);
    const size_t wanted = i.s[3] < 0 ? bytes : warp.registers[i.s[3] + first];
    if (wanted > bytes) {
      fault(warp, i, first,
            "cp.async of " + std::to_string(bytes) + " bytes is to read " + std::to_string(wanted));
    }
    if (wanted == 0) continue;  // the address may be anything
    WarpAccess from(warp, i, group, Space::global, wanted, Use::read, bytes);
    from.set_addresses(i.s[1], i.flag, static_cast<int64_t>(static_cast<int32_t>(i.target)));
    from.prepare();
    from.read([&](int lane, const std::byte* at) { std::memcpy(values[lane], at, wanted); });
  }
  WarpAccess to(warp, i, lanes, Space::shared, bytes, Use::write);
  to.set_addresses(i.s[0], i.wide_address, i.offset);
  to.prepare();
  to.write([&](int lane, std::byte* at) { std::memcpy(at, values[lane], bytes); });
}

}  // namespace

std::optional<Irregular> copy_form(Opcode& opcode) {
  if (opcode.is("prefetch") || opcode.is("prefetchu") || opcode.is("discard") || opcode.is("applypriority")) {
    for (const char* word : {"global", "local", "L1", "L2"}) opcode.take(word);
    opcode.take_prefix("L2::");
    return Irregular{.handler = &nothing, .bits = {0, 32}, .optional = 1};
  }
  if (!opcode.is("cp") || !opcode.take("async")) return std::nullopt;
  if (opcode.take("commit_group") || opcode.take("wait_all"))
    return Irregular{.handler = &nothing, .bits = {}};
  if (opcode.take("wait_group")) return Irregular{.handler = &nothing, .bits = {32}};
  for (const char* word : {"ca", "cg", "global"}) opcode.take(word);
  if (!opcode.take("shared") && !opcode.take("shared::cta")) return std::nullopt;
  opcode.take_prefix("L2::");
  return Irregular{
      .handler = nullptr, .bits = {0, 0, 32, 32}, .optional = 1, .by_size = [](uint64_t size) -> Handler {
        return size == 4 ? &copy<4> : size == 8 ? &copy<8> : size == 16 ? &copy<16> : nullptr;
      }};
}

}  // namespace gpusim
