// What the parser hands to the decoder, statement by statement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/gpusim/types.h"

namespace gpusim {

// A line of the CUDA source, of the function that everything else was inlined into, and, if there is one,
// that of the inlined code.
struct SourceLine {
  int file = 0;  // by the module's .file directives; 0: unknown
  int line = 0;
  int inner_file = 0, inner_line = 0;
};

struct Operand {
  enum class Kind {
    name,     // register, special register, variable, label, function
    number,   // bits
    list,     // {a, b} or (a, b)
    address,  // [parts[0] + offset]
    pair,     // a|b
  };
  Kind kind = Kind::name;
  std::string name;
  uint64_t bits = 0;
  int float_bits = 0;    // 32 for 0f..., 64 for 0d..., 0 for integers
  bool negated = false;  // !name
  int64_t offset = 0;
  std::vector<Operand> parts;
};

struct Statement {
  int line = 0;  // of the PTX
  SourceLine source;
  std::string guard;  // @name
  bool guard_negated = false;
  std::string opcode;
  std::vector<Operand> operands;
};

enum class Space { generic, global, shared, local, parameter, constant };

// A variable or a parameter.
struct Variable {
  Space space = Space::global;
  std::string name;
  Type type = Type::b32;
  size_t alignment = 0;  // bytes
  size_t bytes = 0;
  bool is_external = false;
  // Its first elements: a number, or the address of the symbol plus the number.
  struct Initial {
    uint64_t number = 0;
    std::string symbol;
    bool is_generic = false;  // generic(symbol)
  };
  std::vector<Initial> initial;
};

struct FunctionHead {
  bool is_kernel = false;
  bool is_declaration = false;  // without a body
  std::string name;
  std::vector<Variable> results, parameters;
  int line = 0;
};

// The parser's listener. Blocks in braces open scopes of registers and parameters.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual void file(int number, const std::string& path) = 0;
  virtual void module_variable(const Variable& variable, int line) = 0;
  virtual void begin_function(const FunctionHead& head) = 0;
  virtual void open_scope() = 0;
  virtual void close_scope() = 0;
  // name0, name1, ... for a count, name alone for none (-1).
  virtual void declare_registers(Type type, const std::string& name, int count, int line) = 0;
  virtual void local_variable(const Variable& variable, int line) = 0;
  virtual void label(const std::string& name, int line) = 0;
  virtual void statement(const Statement& statement) = 0;
  virtual void end_function() = 0;
};

void parse(const std::string& text, Reader& reader);

}  // namespace gpusim
