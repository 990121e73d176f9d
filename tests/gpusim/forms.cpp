#include "tests/gpusim/forms.h"

namespace gpusim {

Opcode::Opcode(std::string_view text) {
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find('.', begin), text.size());
    parts_.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  taken_.resize(parts_.size());
  taken_[0] = true;
}

bool Opcode::take(std::string_view part) {
  for (size_t k = 1; k < parts_.size(); ++k) {
    if (!taken_[k] && parts_[k] == part) return taken_[k] = true;
  }
  return false;
}

std::string Opcode::take_prefix(std::string_view prefix) {
  for (size_t k = 1; k < parts_.size(); ++k) {
    if (taken_[k] || !parts_[k].starts_with(prefix)) continue;
    taken_[k] = true;
    return parts_[k];
  }
  return "";
}

std::optional<Type> Opcode::take_type() {
  for (size_t k = parts_.size(); k-- > 1;) {
    if (taken_[k]) continue;
    if (const auto type = type_named(parts_[k])) {
      taken_[k] = true;
      return type;
    }
  }
  return std::nullopt;
}

std::string Opcode::left() const {
  std::string result;
  for (size_t k = 1; k < parts_.size(); ++k) {
    if (!taken_[k]) result += (result.empty() ? "" : ".") + parts_[k];
  }
  return result;
}

std::optional<Rounding> take_rounding(Opcode& opcode) {
  if (opcode.take("rn")) return Rounding::nearest;
  if (opcode.take("rz")) return Rounding::zero;
  if (opcode.take("rm")) return Rounding::down;
  if (opcode.take("rp")) return Rounding::up;
  return std::nullopt;
}

std::optional<Form> lane_form(Opcode& opcode, const OperandShape& shape) {
  using Find = std::optional<Form> (*)(Opcode&, const OperandShape&);
  constexpr Find finds[] = {[](Opcode& o, const OperandShape&) { return integer_form(o); },
                            [](Opcode& o, const OperandShape&) { return bit_form(o); },
                            [](Opcode& o, const OperandShape&) { return carry_form(o); },
                            [](Opcode& o, const OperandShape&) { return float_form(o); },
                            [](Opcode& o, const OperandShape&) { return approximation_form(o); },
                            [](Opcode& o, const OperandShape&) { return half_form(o); },
                            move_form,
                            comparison_form,
                            conversion_form};
  std::optional<Form> known;
  Opcode left = opcode;
  for (const Find find : finds) {
    Opcode trial = opcode;
    const auto form = find(trial, shape);
    if (!form || form->destinations != shape.destinations) continue;
    if (trial.left().empty()) {
      opcode = trial;
      return form;
    }
    if (!known) known = form, left = trial;
  }
  if (known) opcode = left;
  return known;
}

}  // namespace gpusim
