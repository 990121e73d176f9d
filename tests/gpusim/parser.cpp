// PTX's grammar: directives, declarations, statements. What a statement means is the decoder's affair.
#include <cctype>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "tests/gpusim/lexer.h"
#include "tests/gpusim/source_map.h"
#include "tests/gpusim/syntax.h"

namespace gpusim {
namespace {

class Parser {
 public:
  Parser(const std::string& text, Reader& reader) : lexer_(text), reader_(reader), sources_(text) {}
  void module();

 private:
  void file();
  void skip_section();
  void location();
  void function(bool is_kernel);
  void body();
  void registers();
  void guarded_statement();
  void statement(Statement& statement);
  Type type(const std::string& word, int line);
  Variable variable(Space space, bool is_external);
  void initial_values(Variable& variable);
  Variable::Initial initial_value();
  Variable parameter();
  std::vector<Variable> parameters();
  Operand operand();
  Operand list(std::string_view end);
  Operand address();
  Operand number(bool negative);

  Lexer lexer_;
  Reader& reader_;
  SourceMap sources_;
  SourceLine source_;
};

void Parser::module() {
  bool is_external = false;
  while (lexer_.peek().kind != Token::Kind::end) {
    const int line = lexer_.line();
    const std::string word = lexer_.word();
    if (word == ".version" || word == ".target" || word == ".address_size") {
      lexer_.next();
      while (lexer_.accept(",")) lexer_.next();
    } else if (word == ".visible" || word == ".weak" || word == ".common") {
    } else if (word == ".extern") {
      is_external = true;
      continue;
    } else if (word == ".entry" || word == ".func") {
      function(word == ".entry");
    } else if (word == ".shared" || word == ".global" || word == ".const") {
      const Space space = word == ".shared"  ? Space::shared
                          : word == ".const" ? Space::constant
                                             : Space::global;
      reader_.module_variable(variable(space, is_external), line);
    } else if (word == ".file") {
      file();
    } else if (word == ".section") {
      skip_section();
    } else {
      unsupported(line, "unknown directive " + word);
    }
    is_external = false;
  }
}

void Parser::file() {
  const int number = static_cast<int>(lexer_.integer());
  const std::string path(lexer_.next().text);
  while (lexer_.accept(",")) lexer_.next();
  reader_.file(number, path);
}

void Parser::skip_section() {
  while (!lexer_.accept("{")) lexer_.next();
  for (int depth = 1; depth > 0;) {
    const Token token = lexer_.next();
    depth += token.is("{") ? 1 : token.is("}") ? -1 : 0;
  }
}

// .loc file line column [, function_name label [+ offset], inlined_at file line column]
void Parser::location() {
  const auto position = [this] {
    const int file = static_cast<int>(lexer_.integer()), line = static_cast<int>(lexer_.integer());
    return SourceMap::Location{file, line, static_cast<int>(lexer_.integer())};
  };
  const SourceMap::Location here = position();
  SourceMap::Location parent{0, 0, 0};
  while (lexer_.accept(",")) {
    const std::string attribute = lexer_.word();
    if (attribute == "function_name") {
      lexer_.next();
      if (lexer_.accept("+")) lexer_.next();
    } else if (attribute == "inlined_at") {
      parent = position();
    } else {
      unsupported(lexer_.line(), "unknown attribute of .loc: " + attribute);
    }
  }
  // Line 0: code of the compiler's own; the line before it says more.
  if (std::get<1>(here) != 0) source_ = sources_.locate(here, parent);
}

Type Parser::type(const std::string& word, int line) {
  const auto found = word.starts_with('.') ? type_named(word.substr(1)) : std::nullopt;
  if (!found) unsupported(line, "expected a type, got '" + word + "'");
  return *found;
}

// [.align n] .type name[count] = values ;
Variable Parser::variable(Space space, bool is_external) {
  Variable v;
  v.space = space;
  v.is_external = is_external;
  std::string word = lexer_.word();
  for (; word.starts_with('.'); word = lexer_.word()) {
    if (word == ".align") {
      v.alignment = static_cast<size_t>(lexer_.integer());
    } else if (word == ".attribute" || word == ".managed") {
      unsupported(lexer_.line(), "managed variables");
    } else {
      v.type = type(word, lexer_.line());
    }
  }
  v.name = word;
  const size_t element = static_cast<size_t>(bits_of(v.type)) / 8;
  v.bytes = element;
  if (v.alignment == 0) v.alignment = element;
  while (lexer_.accept("[")) {
    if (lexer_.accept("]")) {
      v.bytes = 0;
      break;
    }
    v.bytes *= static_cast<size_t>(lexer_.integer());
    lexer_.expect("]");
  }
  if (lexer_.accept("=")) initial_values(v);
  lexer_.expect(";");
  return v;
}

void Parser::initial_values(Variable& v) {
  if (!lexer_.accept("{")) {
    v.initial.push_back(initial_value());
    return;
  }
  for (int depth = 1; depth > 0;) {  // dimensions nest
    if (lexer_.accept("{")) {
      ++depth;
    } else if (lexer_.accept("}")) {
      --depth;
    } else if (!lexer_.accept(",")) {
      v.initial.push_back(initial_value());
    }
  }
}

Variable::Initial Parser::initial_value() {
  Variable::Initial value;
  const Operand first = operand();
  if (first.kind == Operand::Kind::number) {
    value.number = first.bits;
    return value;
  }
  value.symbol = first.name;
  if (first.name == "generic" && lexer_.accept("(")) {
    value.is_generic = true;
    value.symbol = lexer_.word();
    lexer_.expect(")");
  }
  if (lexer_.accept("+")) value.number = static_cast<uint64_t>(lexer_.integer());
  return value;
}

// .param [.align n] .type [.ptr [.space] [.align n]] name[count]
Variable Parser::parameter() {
  Variable v;
  v.space = Space::parameter;
  lexer_.expect(".param");
  std::string word = lexer_.word();
  bool of_pointer = false;
  for (; word.starts_with('.'); word = lexer_.word()) {
    if (word == ".align") {
      const auto n = static_cast<size_t>(lexer_.integer());
      if (!of_pointer) v.alignment = n;
    } else if (word == ".ptr") {
      of_pointer = true;
    } else if (!of_pointer) {
      v.type = type(word, lexer_.line());
    }
  }
  v.name = word;
  v.bytes = static_cast<size_t>(bits_of(v.type)) / 8;
  if (v.alignment == 0) v.alignment = v.bytes;
  if (lexer_.accept("[")) {
    v.bytes *= static_cast<size_t>(lexer_.integer());
    lexer_.expect("]");
  }
  return v;
}

std::vector<Variable> Parser::parameters() {
  std::vector<Variable> result;
  if (!lexer_.accept("(")) return result;
  while (!lexer_.accept(")")) {
    result.push_back(parameter());
    lexer_.accept(",");
  }
  return result;
}

void Parser::function(bool is_kernel) {
  FunctionHead head;
  head.is_kernel = is_kernel;
  head.line = lexer_.line();
  if (!is_kernel) head.results = parameters();
  head.name = lexer_.word();
  head.parameters = parameters();
  // .maxntid and the like: the compiler's affair.
  while (!lexer_.peek().is("{") && !lexer_.peek().is(";")) lexer_.next();
  head.is_declaration = lexer_.accept(";");
  source_ = {};
  reader_.begin_function(head);
  if (head.is_declaration) return;
  lexer_.expect("{");
  body();
  reader_.end_function();
}

void Parser::body() {
  for (int depth = 1; depth > 0;) {
    const Token token = lexer_.peek();
    if (lexer_.accept("{")) {
      ++depth;
      reader_.open_scope();
    } else if (lexer_.accept("}")) {
      if (--depth > 0) reader_.close_scope();
    } else if (lexer_.accept(".reg")) {
      registers();
    } else if (lexer_.accept(".shared") || lexer_.accept(".local")) {
      const Space space = token.is(".shared") ? Space::shared : Space::local;
      reader_.local_variable(variable(space, false), token.line);
    } else if (token.is(".param")) {
      reader_.local_variable(parameter(), token.line);
      lexer_.expect(";");
    } else if (lexer_.accept(".pragma")) {
      lexer_.next();
      lexer_.expect(";");
    } else if (lexer_.accept(".loc")) {
      location();
    } else if (!lexer_.accept(";")) {
      guarded_statement();
    }
  }
}

// .reg .type name<count>, name
void Parser::registers() {
  const int line = lexer_.line();
  const Type of = type(lexer_.word(), line);
  do {
    const std::string name = lexer_.word();
    int count = -1;
    if (lexer_.accept("<")) {
      count = static_cast<int>(lexer_.integer());
      lexer_.expect(">");
    }
    reader_.declare_registers(of, name, count, line);
  } while (lexer_.accept(","));
  lexer_.expect(";");
}

void Parser::guarded_statement() {
  Statement s;
  s.line = lexer_.line();
  s.source = source_;
  if (lexer_.accept("@")) {
    s.guard_negated = lexer_.accept("!");
    s.guard = lexer_.word();
  }
  s.opcode = lexer_.word();
  if (s.guard.empty() && lexer_.accept(":")) {
    reader_.label(s.opcode, s.line);
    return;
  }
  statement(s);
}

void Parser::statement(Statement& s) {
  while (!lexer_.accept(";")) {
    s.operands.push_back(operand());
    if (!lexer_.peek().is(";")) lexer_.expect(",");
  }
  reader_.statement(s);
}

Operand Parser::operand() {
  Operand o;
  if (lexer_.accept("{")) return list("}");
  if (lexer_.accept("(")) return list(")");
  if (lexer_.accept("[")) return address();
  if (lexer_.accept("-")) return number(true);
  o.negated = lexer_.accept("!");
  if (std::isdigit(static_cast<unsigned char>(lexer_.peek().text[0])) != 0) return number(false);
  o.name = lexer_.word();
  if (lexer_.accept("|")) {
    Operand second;
    second.name = lexer_.word();
    Operand pair;
    pair.kind = Operand::Kind::pair;
    pair.parts = {std::move(o), std::move(second)};
    return pair;
  }
  if (lexer_.accept("+")) o.offset = lexer_.integer();
  return o;
}

Operand Parser::list(std::string_view end) {
  Operand o;
  o.kind = Operand::Kind::list;
  while (!lexer_.accept(end)) {
    o.parts.push_back(operand());
    lexer_.accept(",");
  }
  return o;
}

Operand Parser::address() {
  Operand o;
  o.kind = Operand::Kind::address;
  Operand base;
  if (std::isdigit(static_cast<unsigned char>(lexer_.peek().text[0])) != 0) {
    base = number(false);
  } else {
    base.name = lexer_.word();
  }
  o.parts = {std::move(base)};
  if (lexer_.accept("+")) {
    o.offset = lexer_.integer();
  } else if (lexer_.peek().is("-")) {
    o.offset = lexer_.integer();
  }
  lexer_.expect("]");
  return o;
}

Operand Parser::number(bool negative) {
  Operand o;
  o.kind = Operand::Kind::number;
  const Token token = lexer_.next();
  const bool is_float = token.text.starts_with("0f") || token.text.starts_with("0F");
  const bool is_double = token.text.starts_with("0d") || token.text.starts_with("0D");
  if (is_float || is_double) {
    o.float_bits = is_float ? 32 : 64;
    if (!parse_integer("0x" + std::string(token.text.substr(2)), o.bits)) {
      unsupported(token.line, "not a number: " + std::string(token.text));
    }
    if (negative) o.bits ^= uint64_t{1} << (o.float_bits - 1);
    return o;
  }
  if (!parse_integer(token.text, o.bits)) {
    unsupported(token.line, "not a number: " + std::string(token.text));
  }
  if (negative) o.bits = 0 - o.bits;
  return o;
}

}  // namespace

void parse(const std::string& text, Reader& reader) {
  Parser(text, reader).module();
}

}  // namespace gpusim
