// Instructions: handlers for opcodes, places for their operands.
#include "tests/gpusim/access.h"
#include "tests/gpusim/decoder.h"

namespace gpusim {

bool Decoder::map_of_lanes(const Statement& s, Opcode& opcode, Instruction& i) {
  std::vector<Operand> flat;
  size_t first_sources = 0;
  for (size_t k = 0; k < s.operands.size(); ++k) {
    const Operand& operand = s.operands[k];
    if (operand.kind == Operand::Kind::list || operand.kind == Operand::Kind::pair) {
      flat.insert(flat.end(), operand.parts.begin(), operand.parts.end());
    } else {
      flat.push_back(operand);
    }
    if (k == 0) first_sources = flat.size();
  }
  if (flat.empty()) return false;
  const int to = width_of(flat[0]), from = flat.size() > first_sources ? width_of(flat[first_sources]) : 0;
  const auto form =
      lane_form(opcode, {to, from, static_cast<int>(first_sources), static_cast<int>(flat.size())});
  if (!form) return false;
  const size_t destinations = first_sources;
  if (form->bits.size() != flat.size()) {
    refuse(s.opcode + " has " + std::to_string(flat.size()) + " operands, " +
           std::to_string(form->bits.size()) + " were expected");
  }
  i.handler = form->handler;
  for (size_t k = 0; k < flat.size(); ++k) {
    const bool is_source = k >= destinations;
    const Place place = is_source ? source(flat[k], form->bits[k]) : destination(flat[k]);
    need_width(place, form->bits[k], s.opcode);
    if (is_source) {
      i.s.at(k - destinations) = place.at;
    } else {
      i.d.at(k) = place.at;
    }
  }
  return true;
}

// [register + offset], [variable + offset] or [number].
void Decoder::address(const Operand& operand, Instruction& i) {
  if (operand.kind != Operand::Kind::address) refuse("an address was expected");
  const Operand& base = operand.parts[0];
  i.offset = operand.offset;
  if (i.space == Space::parameter) {
    if (const auto offset = find_parameter(base.name)) {
      i.flag = true;
      i.offset += static_cast<int64_t>(*offset);
      return;
    }
    if (const auto argument = arguments_.find(base.name); argument != arguments_.end()) {
      i.offset += static_cast<int64_t>(argument->second);
      return;
    }
  }
  const Place place = source(base, 64);
  if (place.bits != 32 && place.bits != 64) refuse("an address of " + std::to_string(place.bits) + " bits");
  i.address = place.at;
  i.wide_address = place.bits == 64;
}

bool Decoder::access(const Statement& s, Opcode& opcode, Instruction& i) {
  const bool is_store = opcode.is("st") || opcode.is("red");
  const size_t address_at = is_store ? 0 : 1, value_at = is_store ? 1 : 0;
  if (s.operands.size() < 2) return false;
  const auto form = access_form(opcode, width_of(s.operands[value_at]));
  if (!form) return false;
  i.handler = form->handler;
  i.space = form->space;
  i.count = static_cast<uint8_t>(form->count);
  i.element_bytes = static_cast<uint8_t>(form->element_bytes);
  i.slot = function_->slots++;
  function_->orders_matter |= form->orders_matter;
  address(s.operands[address_at], i);
  const Operand& value = s.operands[value_at];
  const std::vector<Operand> values =
      value.kind == Operand::Kind::list ? value.parts : std::vector<Operand>{value};
  if (static_cast<int>(values.size()) != form->count) refuse(s.opcode + " with another number of registers");
  for (size_t k = 0; k < values.size(); ++k) {
    const Place place = is_store ? source(values[k], form->value_bits) : destination(values[k]);
    need_width(place, form->value_bits, s.opcode);
    (is_store ? i.s.at(k) : i.d.at(k)) = place.at;
  }
  for (size_t k = 2; k < s.operands.size(); ++k) {
    const Place place = source(s.operands[k], form->value_bits);
    need_width(place, form->value_bits, s.opcode);
    i.s.at(k - 2) = place.at;
  }
  return true;
}

bool Decoder::irregular(const Statement& s, Opcode& opcode, Instruction& i) {
  auto form = warp_form(opcode);
  if (!form) form = matrix_form(opcode);
  if (!form) form = copy_form(opcode);
  if (!form) return false;
  i.handler = form->handler;
  if (form->by_size) i.handler = form->by_size(s.operands.size() > 2 ? s.operands[2].bits : 0);
  if (!i.handler) return false;
  i.control = form->control;
  i.slot = function_->slots++;
  function_->has_fence |= opcode.is("membar") || opcode.is("fence");
  int at = 0, addresses = 0;
  const auto one = [&](const Operand& operand) {
    if (at >= static_cast<int>(form->bits.size())) refuse(s.opcode + " has too many operands");
    const int bits = form->bits[static_cast<size_t>(at)];
    Place place;
    if (operand.kind == Operand::Kind::address) {
      place = source(operand.parts[0], 64);
      if (addresses++ == 0) {
        i.offset = operand.offset;
        i.wide_address = place.bits == 64;
      } else {
        i.target = static_cast<uint32_t>(operand.offset);
        i.flag = place.bits == 64;
      }
    } else if (at < form->destinations) {
      place = destination(operand);
      need_width(place, bits, s.opcode);
    } else {
      place = source(operand, bits);
      need_width(place, bits, s.opcode);
    }
    if (at == form->members) i.members = place.at;
    if (at < form->destinations) {
      i.d.at(static_cast<size_t>(at)) = place.at;
    } else {
      i.s.at(static_cast<size_t>(at - form->destinations)) = place.at;
    }
    ++at;
  };
  for (size_t k = 0; k < s.operands.size(); ++k) {
    const Operand& operand = s.operands[k];
    if (operand.kind == Operand::Kind::list || operand.kind == Operand::Kind::pair) {
      for (const Operand& part : operand.parts) one(part);
    } else {
      one(operand);
    }
    // A second destination that the text leaves out: shfl's predicate.
    if (k == 0 && operand.kind != Operand::Kind::pair && form->second_may_be_missing) ++at;
  }
  if (at + static_cast<int>(form->optional) < static_cast<int>(form->bits.size())) {
    refuse(s.opcode + " has too few operands");
  }
  return true;
}

void Decoder::statement(const Statement& s) {
  line_ = s.line;
  if (s.opcode == ".branchtargets") {
    for (const Operand& operand : s.operands) tables_[last_label_].push_back(operand.name);
    return;
  }
  Instruction i;
  i.source = s.source;
  if (!s.guard.empty()) {
    const Place* guard = find_register(s.guard);
    if (!guard || guard->bits != 1) refuse("the guard " + s.guard + " is not a predicate");
    i.guard = guard->at;
    i.guard_flip = s.guard_negated ? all_lanes : 0;
  }
  const auto attempt = [&](auto member) {
    Opcode opcode(s.opcode);
    if (!(this->*member)(s, opcode, i)) return false;
    if (!opcode.left().empty()) refuse(s.opcode + ": ." + opcode.left() + " is not known");
    return true;
  };
  if (!attempt(&Decoder::control) && !attempt(&Decoder::access) && !attempt(&Decoder::irregular) &&
      !attempt(&Decoder::map_of_lanes)) {
    refuse("unknown instruction " + s.opcode);
  }
  function_->code.push_back(i);
}

std::unique_ptr<Module> read_module(const std::string& text) {
  Decoder decoder;
  parse(text, decoder);
  decoder.finish();
  return decoder.take();
}

}  // namespace gpusim
