// Functions, variables and registers: where each lies, and what an operand of the text names.
#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/gpusim/decoder.h"
#include "tests/gpusim/memory.h"
#include "tests/gpusim/warp.h"

namespace gpusim {
namespace {

std::string demangled(const std::string& name) {
  int status = 0;
  char* const text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string result = status == 0 ? text : name;
  std::free(text);
  // A kernel's name without its parameters says enough.
  int depth = 0;
  for (size_t i = 0; i < result.size(); ++i) {
    if (result[i] == '<') ++depth;
    if (result[i] == '>') --depth;
    if (result[i] == '(' && depth == 0 && i > 0 && !result.compare(i, 11, "(anonymous ") == 0) {
      result.resize(i);
      break;
    }
  }
  if (result.starts_with("void ")) result.erase(0, 5);
  return result;
}

const std::map<std::string, Special>& special_registers() {
  static const std::map<std::string, Special> table = {{"%tid.x", Special::tid_x},
                                                       {"%tid.y", Special::tid_y},
                                                       {"%tid.z", Special::tid_z},
                                                       {"%ntid.x", Special::ntid_x},
                                                       {"%ntid.y", Special::ntid_y},
                                                       {"%ntid.z", Special::ntid_z},
                                                       {"%ctaid.x", Special::ctaid_x},
                                                       {"%ctaid.y", Special::ctaid_y},
                                                       {"%ctaid.z", Special::ctaid_z},
                                                       {"%nctaid.x", Special::nctaid_x},
                                                       {"%nctaid.y", Special::nctaid_y},
                                                       {"%nctaid.z", Special::nctaid_z},
                                                       {"%laneid", Special::laneid},
                                                       {"%warpid", Special::warpid},
                                                       {"%nwarpid", Special::nwarpid},
                                                       {"%smid", Special::smid},
                                                       {"%nsmid", Special::nsmid},
                                                       {"%gridid", Special::gridid},
                                                       {"%lanemask_eq", Special::lanemask_eq},
                                                       {"%lanemask_lt", Special::lanemask_lt},
                                                       {"%lanemask_le", Special::lanemask_le},
                                                       {"%lanemask_gt", Special::lanemask_gt},
                                                       {"%lanemask_ge", Special::lanemask_ge},
                                                       {"%dynamic_smem_size", Special::dynamic_smem_size},
                                                       {"%total_smem_size", Special::total_smem_size}};
  return table;
}

// Bits of a clock, 0 for other names. A clock goes on by one with every reading: the same in every run, and
// loops that wait for it end.
int clock_bits(const std::string& name) {
  return name == "%clock" ? 32 : name == "%clock64" || name == "%globaltimer" ? 64 : 0;
}
template <class T>
void read_clock(Warp& warp, const Instruction& i, LaneMask lanes) {
  const auto now = static_cast<T>(++warp.clock);
  for_lanes(lanes, [&](int lane) { Lane<T>::words(warp, i.d[0])[lane] = now; });
}

}  // namespace

void Decoder::module_variable(const Variable& variable, int line) {
  line_ = line;
  if (variable.space == Space::shared) {
    module_->shared[variable.name] = variable;
    return;
  }
  std::byte* const memory =
      static_cast<std::byte*>(Memory::device().allocate(std::max<size_t>(variable.bytes, 1)));
  if (!memory) refuse("no memory for " + variable.name);
  std::fill_n(memory, variable.bytes, std::byte{0});
  const size_t element = std::max<size_t>(static_cast<size_t>(bits_of(variable.type)) / 8, 1);
  for (size_t k = 0; k < variable.initial.size(); ++k) {
    uint64_t value = variable.initial[k].number;
    if (!variable.initial[k].symbol.empty()) {
      const auto known = module_->globals.find(variable.initial[k].symbol);
      if (known == module_->globals.end()) refuse("unknown symbol " + variable.initial[k].symbol);
      value += reinterpret_cast<uint64_t>(known->second);
    }
    std::memcpy(memory + k * element, &value, element);
  }
  Memory::device().mark_written(memory, variable.bytes);
  module_->globals[variable.name] = memory;
}

void Decoder::begin_function(const FunctionHead& head) {
  line_ = head.line;
  function_ = std::make_unique<Function>();
  function_->module = module_.get();
  function_->name = head.name;
  function_->demangled = demangled(head.name);
  function_->is_kernel = head.is_kernel;
  scopes_.assign(1, {});
  arguments_.clear(), locals_.clear(), shared_.clear(), dynamic_.clear(), own_shared_.clear(),
      constants_.clear();
  labels_.clear(), tables_.clear(), jumps_.clear();
  true_ = false_ = std::nullopt;
  if (head.is_kernel) {
    size_t end = 0;
    for (const Variable& p : head.parameters) {
      const size_t offset = aligned(end, p.alignment);
      function_->parameters.push_back({offset, p.bytes});
      arguments_[p.name] = offset;
      end = offset + p.bytes;
    }
    function_->parameter_bytes = end;
    return;
  }
  const auto place = [&](const Variable& p) {
    const size_t offset = aligned(function_->call_bytes, std::max<size_t>(p.alignment, 8));
    function_->call_bytes = offset + p.bytes;
    scopes_.back().parameters[p.name] = offset;
    return Parameter{offset, p.bytes};
  };
  for (const Variable& p : head.results) function_->result = place(p);
  for (const Variable& p : head.parameters) function_->inputs.push_back(place(p));
}

int32_t Decoder::new_register(int bits) {
  if (bits == 1) return static_cast<int32_t>(function_->predicates++);
  const uint32_t at = function_->register_words;
  function_->register_words += bits == 64 ? 2 * lanes_per_warp : lanes_per_warp;
  return static_cast<int32_t>(at);
}

void Decoder::declare_registers(Type type, const std::string& name, int count, int line) {
  line_ = line;
  const int bits = type == Type::b8 ? 16 : bits_of(type);
  if (bits > 64) refuse("registers of " + std::to_string(bits) + " bits");
  auto& registers = scopes_.back().registers;
  if (count < 0) {
    registers[name] = {new_register(bits), bits};
  } else {
    for (int k = 0; k < count; ++k) registers[name + std::to_string(k)] = {new_register(bits), bits};
  }
}

void Decoder::local_variable(const Variable& variable, int line) {
  line_ = line;
  if (variable.space == Space::shared) {
    own_shared_[variable.name] = variable;
  } else if (variable.space == Space::local) {
    const size_t offset = aligned(function_->local_bytes, std::max<size_t>(variable.alignment, 1));
    function_->local_bytes = offset + variable.bytes;
    locals_[variable.name] = offset;
  } else {
    const size_t offset = aligned(function_->call_bytes, std::max<size_t>(variable.alignment, 8));
    function_->call_bytes = offset + variable.bytes;
    scopes_.back().parameters[variable.name] = offset;
  }
}

Place Decoder::constant(uint64_t value, int bits, Constant::Base base) {
  if (bits < 64) value &= (uint64_t{1} << bits) - 1;
  const int width = bits == 64 ? 64 : 32;
  const auto [known, is_new] = constants_.try_emplace({value, width, base}, -1);
  if (is_new) {
    known->second = new_register(width);
    function_->constants.push_back({known->second, width == 64, value, base});
  }
  return {known->second, bits, true};
}

// Predicates begin false, and a place that nothing writes stays so.
Place Decoder::predicate_constant(bool value) {
  std::optional<int32_t>& place = value ? true_ : false_;
  if (!place) {
    place = new_register(1);
    if (value) function_->true_predicates.push_back(*place);
  }
  return {*place, 1, true};
}

const Place* Decoder::find_register(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto found = scope->registers.find(name);
    if (found != scope->registers.end()) return &found->second;
  }
  return nullptr;
}

std::optional<size_t> Decoder::find_parameter(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto found = scope->parameters.find(name);
    if (found != scope->parameters.end()) return found->second;
  }
  return std::nullopt;
}

size_t Decoder::shared_offset(const std::string& name, const Variable& variable) {
  const auto known = shared_.find(name);
  if (known != shared_.end()) return known->second;
  const size_t offset = aligned(function_->static_shared, std::max<size_t>(variable.alignment, 1));
  function_->static_shared = offset + variable.bytes;
  return shared_[name] = offset;
}

// The address of a variable, as a number of the space that it lies in.
Place Decoder::symbol(const std::string& name, int64_t offset, int bits) {
  const auto more = static_cast<uint64_t>(offset);
  if (const auto own = own_shared_.find(name); own != own_shared_.end()) {
    return constant(shared_offset(name, own->second) + more, bits);
  }
  if (const auto of_module = module_->shared.find(name); of_module != module_->shared.end()) {
    if (of_module->second.is_external) return constant(more, bits, Constant::Base::dynamic_shared);
    return constant(shared_offset(name, of_module->second) + more, bits);
  }
  if (const auto local = locals_.find(name); local != locals_.end()) {
    return constant(local->second + more, bits, Constant::Base::local_frame);
  }
  if (const auto global = module_->globals.find(name); global != module_->globals.end()) {
    return constant(reinterpret_cast<uint64_t>(global->second) + more, bits);
  }
  if (const auto argument = arguments_.find(name); argument != arguments_.end()) {
    return constant(argument->second + more, bits);
  }
  refuse("unknown name " + name);
}

Place Decoder::source(const Operand& operand, int bits) {
  if (operand.kind == Operand::Kind::number) {
    if (bits == 1) return predicate_constant(operand.bits != 0);
    return constant(operand.bits, bits == 0 ? 64 : bits);
  }
  if (operand.kind != Operand::Kind::name) refuse("an operand of another kind was expected");
  if (const Place* place = find_register(operand.name)) {
    if (!operand.negated) return *place;
    Opcode negation("not.pred");
    Instruction i;
    i.handler = bit_form(negation)->handler;
    i.d[0] = new_register(1);
    i.s[0] = place->at;
    function_->code.push_back(i);
    return {i.d[0], 1};
  }
  if (const int width = clock_bits(operand.name)) {
    Instruction i;
    i.handler = width == 64 ? &read_clock<uint64_t> : &read_clock<uint32_t>;
    i.d[0] = new_register(width);
    function_->code.push_back(i);
    return {i.d[0], width};
  }
  if (const auto special = special_registers().find(operand.name); special != special_registers().end()) {
    int32_t& place = function_->specials[static_cast<size_t>(special->second)];
    if (place < 0) place = new_register(32);
    return {place, 32, false};
  }
  if (operand.name == "WARP_SZ") return constant(lanes_per_warp, bits);
  if (operand.name.starts_with('%')) refuse("unknown register " + operand.name);
  return symbol(operand.name, operand.offset, bits == 0 ? 64 : bits);
}

Place Decoder::destination(const Operand& operand) const {
  if (operand.name == "_") return {-1, 0, false};
  const Place* place = find_register(operand.name);
  if (!place) refuse("unknown register " + operand.name);
  return *place;
}

int Decoder::width_of(const Operand& operand) const {
  if (operand.kind == Operand::Kind::list) {
    for (const Operand& part : operand.parts) {
      if (const int bits = width_of(part)) return bits;
    }
    return 0;
  }
  if (operand.kind != Operand::Kind::name) return 0;
  if (special_registers().contains(operand.name)) return 32;
  if (const int bits = clock_bits(operand.name)) return bits;
  const Place* place = find_register(operand.name);
  return place ? place->bits : 0;
}

void Decoder::need_width(const Place& place, int bits, const std::string& opcode) const {
  if (place.at < 0 || place.bits == bits || bits == 0) return;
  // A number takes the width that is asked of it.
  if (place.is_number && (place.bits == 64) == (bits == 64) && (place.bits == 1) == (bits == 1)) return;
  refuse(opcode + " has a register of " + std::to_string(place.bits) + " bits where " + std::to_string(bits) +
         " were expected");
}

}  // namespace gpusim
