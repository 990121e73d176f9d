// cp.async, done at once, and hints.
#include <charconv>

#include "tests/gpusim/access.h"
#include "tests/gpusim/address.h"

namespace gpusim {
namespace {

void nothing(Warp&, const Instruction&, LaneMask) {}

// s = {shared address, global address, bytes, bytes to read (the rest is zero)}.
template <size_t bytes>
void copy(Warp& warp, const Instruction& i, LaneMask lanes) {
  std::byte values[lanes_per_warp][bytes] = {};
  // Lanes that read less than the whole have no alignment to keep but that of what they read.
  LaneMask whole = lanes;
  if (i.s[3] >= 0) {
    for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      const uint32_t wanted = warp.registers[i.s[3] + lane];
      if (wanted == bytes) continue;
      if (wanted != 0) fault(warp, i, lane, "cp.async that reads a part of its bytes is not supported");
      whole &= ~(LaneMask{1} << lane);
    }
  }
  if (whole != 0) {
    WarpAccess from(warp, i, whole, Space::global, bytes, Use::read);
    from.set_addresses(i.s[1], i.flag, static_cast<int64_t>(static_cast<int32_t>(i.target)));
    from.prepare();
    from.read([&](int lane, const std::byte* at) { std::memcpy(values[lane], at, bytes); });
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
