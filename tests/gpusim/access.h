// Instructions that touch memory or the other lanes of a warp, and what the decoder must arrange for them.
#pragma once

#include <optional>
#include <vector>

#include "tests/gpusim/forms.h"

namespace gpusim {

// ld, ldu, st, atom, red with one address. The decoder fills in space, count, element_bytes, address and
// offset; loads write d[0..count), stores read s[0..count), atoms read s[0] and, compare-and-swap, s[1] and
// write d[0] (red: d[0] is -1). d may be -1 ("_"). In the space of parameters, `flag` says that the bytes are
// those of calls (warp.call_memory, call_bytes a lane) and not the kernel's arguments.
struct Access {
  enum class Kind { load, store, atomic, reduction };
  Kind kind = Kind::load;
  Handler handler = nullptr;
  Space space = Space::generic;
  int count = 1, element_bytes = 4;
  int value_bits = 32;         // of the registers; what was asked for where wider ones are allowed (ld, st)
  bool orders_matter = false;  // float addition, exchange, ...: the result depends on the order of blocks
};
// `register_bits`: of the value's registers in the text, 0 when it is a number. nullopt when the opcode is
// another.
std::optional<Access> access_form(Opcode& opcode, int register_bits);

// Everything else that is not a map of lanes: shfl, vote, match, redux, activemask, bar.warp.sync, membar and
// fence, cp.async, prefetch, ldmatrix, mma, isspacep, ... The operands are taken in the order of the text,
// lists, pairs and addresses opened; the first `destinations` go to d, the others to s. An address is its
// register; the offset of the first is i.offset, that of a second i.target. Numbers are registers that hold
// them.
struct Irregular {
  Handler handler = nullptr;
  Control control =
      Control::none;  // or collective: the handler runs when all lanes of the member mask are there
  int destinations = 0;
  std::vector<int> bits;               // of each operand: 1 a predicate, 0 an address of either width
  int members = -1;                    // which operand holds the member mask of a collective
  size_t optional = 0;                 // so many of the last operands may be missing
  bool second_may_be_missing = false;  // the second destination, in "d|p"
  Handler (*by_size)(uint64_t size) = nullptr;  // instead of handler: by the number that is the third operand
};
std::optional<Irregular> warp_form(Opcode& opcode);    // lanes among each other, fences
std::optional<Irregular> matrix_form(Opcode& opcode);  // ldmatrix, mma, movmatrix
std::optional<Irregular> copy_form(Opcode& opcode);    // cp.async and its groups, prefetch, discard

}  // namespace gpusim
