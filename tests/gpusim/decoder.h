// From statements to instructions: the parser's listener. Registers, constants and variables get their places
// (decode_operands.cpp), opcodes their handlers (decode.cpp), branches and calls their targets
// (decode_control.cpp).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/gpusim/forms.h"
#include "tests/gpusim/lexer.h"
#include "tests/gpusim/program.h"

namespace gpusim {

inline size_t aligned(size_t offset, size_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
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

}  // namespace gpusim
