// Words, strings and marks of a PTX text.
#pragma once

#include <string>
#include <string_view>

namespace gpusim {

// Throws Unsupported: "[gpusim] ptx line 120: ...".
[[noreturn]] void unsupported(int line, const std::string& what);

struct Token {
  enum class Kind { word, string, mark, end };  // a word holds dots and double colons: "ld.shared::cta.u32"
  Kind kind = Kind::end;
  std::string_view text;  // a string's without its quotes
  int line = 0;
  bool is(std::string_view other) const { return kind != Kind::end && text == other; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }
  const Token& peek() const { return token_; }
  Token next();
  bool accept(std::string_view text);  // takes the next token if it is that
  void expect(std::string_view text);
  std::string word();
  int64_t integer();  // with a sign
  int line() const { return token_.line; }

 private:
  void skip_blanks();
  void advance();

  std::string_view text_;
  size_t position_ = 0;
  int line_ = 1;
  Token token_;
};

// "12", "0x1F", "077", "12U"; false for what is no number.
bool parse_integer(std::string_view text, uint64_t& value);

}  // namespace gpusim
