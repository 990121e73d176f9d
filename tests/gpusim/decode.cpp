// From statements to instructions: registers, constants and variables get their places, opcodes their handlers.
#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include "tests/gpusim/access.h"
#include "tests/gpusim/control.h"
#include "tests/gpusim/lexer.h"
#include "tests/gpusim/memory.h"

namespace gpusim {
namespace {

size_t aligned(size_t offset, size_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

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
  static const std::map<std::string, Special> table = {
      {"%tid.x", Special::tid_x},           {"%tid.y", Special::tid_y},
      {"%tid.z", Special::tid_z},           {"%ntid.x", Special::ntid_x},
      {"%ntid.y", Special::ntid_y},         {"%ntid.z", Special::ntid_z},
      {"%ctaid.x", Special::ctaid_x},       {"%ctaid.y", Special::ctaid_y},
      {"%ctaid.z", Special::ctaid_z},       {"%nctaid.x", Special::nctaid_x},
      {"%nctaid.y", Special::nctaid_y},     {"%nctaid.z", Special::nctaid_z},
      {"%laneid", Special::laneid},         {"%warpid", Special::warpid},
      {"%nwarpid", Special::nwarpid},       {"%smid", Special::smid},
      {"%nsmid", Special::nsmid},           {"%gridid", Special::gridid},
      {"%clock", Special::clock},           {"%lanemask_eq", Special::lanemask_eq},
      {"%lanemask_lt", Special::lanemask_lt}, {"%lanemask_le", Special::lanemask_le},
      {"%lanemask_gt", Special::lanemask_gt}, {"%lanemask_ge", Special::lanemask_ge},
      {"%dynamic_smem_size", Special::dynamic_smem_size},
      {"%total_smem_size", Special::total_smem_size}};
  return table;
}

// Where an operand's value is, and its width: 1 (a predicate), 16, 32 or 64 bits.
struct Place {
  int32_t at = -1;
  int bits = 0;
  bool is_number = false;
};

class Decoder final : public Reader {
 public:
  std::unique_ptr<Module> take() { return std::move(module_); }
  void finish();

  void file(int number, const std::string& path) override { module_->files[number] = path; }
  void module_variable(const Variable& variable, int line) override;
  void begin_function(const FunctionHead& head) override;
  void open_scope() override { scopes_.emplace_back(); }
  void close_scope() override { scopes_.pop_back(); }
  void declare_registers(Type type, const std::string& name, int count, int line) override;
  void local_variable(const Variable& variable, int line) override;
  void label(const std::string& name, int line) override;
  void statement(const Statement& statement) override;
  void end_function() override;

 private:
  struct Scope {
    std::map<std::string, Place> registers;
    std::map<std::string, size_t> parameters;  // of calls: offsets among call_bytes
  };
  [[noreturn]] void refuse(const std::string& what) const { unsupported(line_, what); }
  int32_t new_register(int bits);
  Place constant(uint64_t value, int bits, Constant::Base base = Constant::Base::none);
  Place predicate_constant(bool value);
  const Place* find_register(const std::string& name) const;
  std::optional<size_t> find_parameter(const std::string& name) const;
  Place symbol(const std::string& name, int64_t offset, int bits);
  // A source. `bits`: what the instruction wants, for numbers and addresses of variables.
  Place source(const Operand& operand, int bits);
  Place destination(const Operand& operand) const;
  int width_of(const Operand& operand) const;  // 0: a number or "_"
  void address(const Operand& operand, Instruction& i);
  size_t shared_offset(const std::string& name, const Variable& variable);

  bool map_of_lanes(const Statement& s, Opcode& opcode, Instruction& i);
  bool access(const Statement& s, Opcode& opcode, Instruction& i);
  bool irregular(const Statement& s, Opcode& opcode, Instruction& i);
  bool control(const Statement& s, Opcode& opcode, Instruction& i);
  bool branch(const Statement& s, Opcode& opcode, Instruction& i);
  bool barrier(const Statement& s, Opcode& opcode, Instruction& i);
  void call(const Statement& s, Instruction& i);
  void need_width(const Place& place, int bits, const std::string& opcode) const;

  std::unique_ptr<Module> module_ = std::make_unique<Module>();
  std::unique_ptr<Function> function_;
  std::vector<Scope> scopes_;
  std::map<std::string, size_t> arguments_;  // of a kernel: offsets
  std::map<std::string, size_t> locals_;     // offsets in the frame
  std::map<std::string, size_t> shared_;     // offsets of the variables that this function uses
  std::set<std::string> dynamic_;            // extern shared
  std::map<std::string, Variable> own_shared_;
  std::map<std::tuple<uint64_t, int, Constant::Base>, int32_t> constants_;
  std::map<std::string, uint32_t> labels_;
  std::map<std::string, std::vector<std::string>> tables_;  // .branchtargets
  std::string last_label_;
  struct Jump {
    uint32_t from;
    std::string to;
    int line;
  };
  std::vector<Jump> jumps_;
  std::optional<int32_t> true_, false_;
  int line_ = 0;
};

// ---- Variables and registers ------------------------------------------------------------------------------

void Decoder::module_variable(const Variable& variable, int line) {
  line_ = line;
  if (variable.space == Space::shared) {
    module_->shared[variable.name] = variable;
    return;
  }
  std::byte* const memory = static_cast<std::byte*>(Memory::device().allocate(std::max<size_t>(variable.bytes, 1)));
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
  arguments_.clear(), locals_.clear(), shared_.clear(), dynamic_.clear(), own_shared_.clear(), constants_.clear();
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

// ---- Instructions -----------------------------------------------------------------------------------------

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
  const auto form = lane_form(opcode, {to, from, static_cast<int>(first_sources), static_cast<int>(flat.size())});
  if (!form) return false;
  const size_t destinations = first_sources;
  if (form->bits.size() != flat.size()) {
    refuse(s.opcode + " has " + std::to_string(flat.size()) + " operands, " + std::to_string(form->bits.size()) +
           " were expected");
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
  const std::vector<Operand> values = value.kind == Operand::Kind::list ? value.parts : std::vector<Operand>{value};
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

// ---- Control ----------------------------------------------------------------------------------------------

void Decoder::label(const std::string& name, int) {
  labels_[name] = static_cast<uint32_t>(function_->code.size());
  last_label_ = name;
}

bool Decoder::branch(const Statement& s, Opcode& opcode, Instruction& i) {
  opcode.take("uni");
  const auto from = static_cast<uint32_t>(function_->code.size());
  if (opcode.is("bra")) {
    i.control = Control::branch;
    jumps_.push_back({from, s.operands.at(0).name, s.line});
    return true;
  }
  opcode.take("idx");
  const auto table = tables_.find(s.operands.at(1).name);
  if (table == tables_.end()) refuse("unknown table of branches " + s.operands[1].name);
  i.control = Control::branch_table;
  i.s[0] = source(s.operands[0], 32).at;
  auto targets = std::make_unique<BranchTable>();
  for (const std::string& name : table->second) {
    jumps_.push_back({from, name, s.line});
    targets->targets.push_back(0);
  }
  i.extra = targets.get();
  function_->branch_tables.push_back(std::move(targets));
  return true;
}

bool Decoder::barrier(const Statement& s, Opcode& opcode, Instruction& i) {
  opcode.take("cta");
  const bool reduces = opcode.take("red");
  if (opcode.take("warp")) return false;  // a collective of lanes
  const bool arrives = !reduces && opcode.take("arrive");
  if (!reduces && !arrives && !opcode.take("sync")) return false;
  opcode.take("aligned");
  i.control = Control::barrier;
  size_t at = 0;
  if (reduces) {
    i.variant = opcode.take("popc") ? barrier_count : opcode.take("and") ? barrier_all : barrier_any;
    if (i.variant == barrier_any && !opcode.take("or")) return false;
    opcode.take(i.variant == barrier_count ? "u32" : "pred");
    i.d[0] = destination(s.operands.at(at++)).at;
  }
  if (arrives) i.variant = barrier_arrival;
  i.s[1] = source(s.operands.at(at++), 32).at;
  const size_t last = s.operands.size() - (reduces ? 1 : 0);
  if (at < last) i.s[2] = source(s.operands[at++], 32).at;
  if (reduces) i.s[0] = source(s.operands.at(at++), 1).at;
  if (at != s.operands.size()) refuse(s.opcode + " has too many operands");
  function_->has_barrier = true;
  return true;
}

void Decoder::call(const Statement& s, Instruction& i) {
  i.control = Control::call;
  auto made = std::make_unique<Call>();
  size_t at = 0;
  const auto offset_of = [&](const Operand& parameter) {
    const auto offset = find_parameter(parameter.name);
    if (!offset) refuse("unknown parameter " + parameter.name);
    return static_cast<int>(*offset);
  };
  if (s.operands.at(0).kind == Operand::Kind::list) made->result = offset_of(s.operands[at++].parts.at(0));
  made->name = s.operands.at(at++).name;
  if (find_register(made->name)) refuse("a call through a pointer");
  if (at < s.operands.size() && s.operands[at].kind == Operand::Kind::list)
    for (const Operand& argument : s.operands[at].parts) made->arguments.push_back(offset_of(argument));
  i.extra = made.get();
  function_->calls.push_back(std::move(made));
}

bool Decoder::control(const Statement& s, Opcode& opcode, Instruction& i) {
  if (opcode.is("bra") || opcode.is("brx")) return branch(s, opcode, i);
  if (opcode.is("ret") || opcode.is("exit")) {
    opcode.take("uni");
    if (opcode.is("exit") && !function_->is_kernel) refuse("exit in a called function");
    i.control = Control::exit;
    return true;
  }
  if (opcode.is("bar") || opcode.is("barrier")) return barrier(s, opcode, i);
  if (opcode.is("call")) {
    opcode.take("uni");
    call(s, i);
    return true;
  }
  if (opcode.is("trap")) {
    i.handler = [](Warp& warp, const Instruction& at, LaneMask lanes) {
      fault(warp, at, std::countr_zero(lanes), "trap");
    };
    return true;
  }
  if (opcode.is("nanosleep")) {
    opcode.take("u32");
    i.handler = [](Warp&, const Instruction&, LaneMask) {};
    return true;
  }
  return false;
}

void Decoder::end_function() {
  std::map<uint32_t, size_t> filled;  // entries of the branch tables
  for (const Jump& jump : jumps_) {
    line_ = jump.line;
    const auto label = labels_.find(jump.to);
    if (label == labels_.end()) refuse("unknown label " + jump.to);
    // Sources with "!" put an instruction before the one that was asked for.
    Instruction& i = function_->code[jump.from];
    if (i.control == Control::branch) {
      i.target = label->second;
    } else {
      for (const auto& table : function_->branch_tables)
        if (table.get() == i.extra) table->targets[filled[jump.from]++] = label->second;
    }
  }
  Instruction end;
  end.control = Control::exit;
  function_->code.push_back(end);  // a function may end without ret
  const size_t dynamic = aligned(function_->static_shared, 16);
  for (Constant& c : function_->constants)
    if (c.base == Constant::Base::dynamic_shared) c.value += dynamic, function_->uses_dynamic_shared = true;
  module_->functions[function_->name] = std::move(function_);
}

// Calls find their functions, which may come later in the text.
void Decoder::finish() {
  for (auto& [name, function] : module_->functions)
    for (const auto& call : function->calls) {
      const auto found = module_->functions.find(call->name);
      if (found != module_->functions.end()) {
        call->function = found->second.get();
        if (call->arguments.size() != call->function->inputs.size()) refuse("arguments of " + call->name);
      } else if (!is_provided(call->name)) {
        refuse("unknown function " + call->name);
      }
    }
}

}  // namespace

std::unique_ptr<Module> read_module(const std::string& text) {
  Decoder decoder;
  parse(text, decoder);
  decoder.finish();
  return decoder.take();
}

}  // namespace gpusim
