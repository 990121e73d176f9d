// Branches, barriers, calls, and what is known only at a function's end.
#include <algorithm>

#include "tests/gpusim/control.h"
#include "tests/gpusim/decoder.h"

namespace gpusim {

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
    if (c.base == Constant::Base::dynamic_shared) c.value += dynamic;
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

}  // namespace gpusim
