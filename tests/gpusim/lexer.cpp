#include "tests/gpusim/lexer.h"

#include <cctype>
#include <cstdint>
#include <cstdlib>

#include "tests/gpusim/fault.h"

namespace gpusim {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '%' || c == '.';
}

}  // namespace

void unsupported(int line, const std::string& what) {
  throw Unsupported("[gpusim] ptx line " + std::to_string(line) + ": " + what);
}

bool parse_integer(std::string_view text, uint64_t& value) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) == 0) return false;
  const std::string copy(text);
  char* end = nullptr;
  value = std::strtoull(copy.c_str(), &end, 0);
  if (*end == 'U') ++end;
  return *end == '\0';
}

void Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    const std::string_view rest = text_.substr(position_);
    if (rest.starts_with("//")) {
      const size_t end = rest.find('\n');
      position_ = end == std::string_view::npos ? text_.size() : position_ + end;
    } else if (rest.starts_with("/*")) {
      const size_t end = rest.find("*/");
      if (end == std::string_view::npos) unsupported(line_, "a comment without its end");
      for (const char c : rest.substr(0, end)) line_ += c == '\n';
      position_ += end + 2;
    } else if (std::isspace(static_cast<unsigned char>(rest[0])) != 0) {
      line_ += rest[0] == '\n';
      ++position_;
    } else {
      return;
    }
  }
}

void Lexer::advance() {
  skip_blanks();
  token_ = {Token::Kind::end, {}, line_};
  if (position_ >= text_.size()) return;
  const size_t begin = position_;
  if (text_[begin] == '"') {
    const size_t end = text_.find('"', begin + 1);
    if (end == std::string_view::npos) unsupported(line_, "a string without its end");
    token_ = {Token::Kind::string, text_.substr(begin + 1, end - begin - 1), line_};
    position_ = end + 1;
    return;
  }
  if (!is_word(text_[begin])) {
    token_ = {Token::Kind::mark, text_.substr(begin, 1), line_};
    ++position_;
    return;
  }
  while (position_ < text_.size()) {
    const bool colons = text_.substr(position_).starts_with("::") && position_ + 2 < text_.size() &&
                        is_word(text_[position_ + 2]);
    if (!is_word(text_[position_]) && !colons) break;
    position_ += colons ? 2 : 1;
  }
  token_ = {Token::Kind::word, text_.substr(begin, position_ - begin), line_};
}

Token Lexer::next() {
  const Token token = token_;
  if (token.kind == Token::Kind::end) unsupported(line_, "the text ends too early");
  advance();
  return token;
}

bool Lexer::accept(std::string_view text) {
  if (token_.kind == Token::Kind::string || !token_.is(text)) return false;
  advance();
  return true;
}

void Lexer::expect(std::string_view text) {
  if (!accept(text)) {
    unsupported(line(), "expected '" + std::string(text) + "', got '" + std::string(token_.text) + "'");
  }
}

std::string Lexer::word() {
  if (token_.kind != Token::Kind::word) {
    unsupported(line(), "expected a name, got '" + std::string(token_.text) + "'");
  }
  return std::string(next().text);
}

int64_t Lexer::integer() {
  const bool negative = accept("-");
  const Token token = next();
  uint64_t value = 0;
  if (!parse_integer(token.text, value)) {
    unsupported(token.line, "expected an integer, got '" + std::string(token.text) + "'");
  }
  return static_cast<int64_t>(negative ? 0 - value : value);
}

}  // namespace gpusim
