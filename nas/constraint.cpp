#include "nas/constraint.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/core/error.h"
#include "mos/cost.h"

namespace mosaic::nas {

namespace {

using Kind = Constraint::Term::Kind;

struct Token {
  enum class Type { name, number, op, joint } type;
  std::string text;
  double number = 0;
};

bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw ArgumentError("constraint", cat("\"", text, "\": ", why, "; expected for example latency_ms<=40 or ",
                                        "4e6<=parameters<=5e6, several joined by a comma"));
}

std::vector<Token> tokens_of(const std::string& text) {
  std::vector<Token> out;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == ' ' || c == '\t') {
      ++i;
    } else if (c == '<' || c == '>') {
      const bool equal = i + 1 < text.size() && text[i + 1] == '=';
      out.push_back({Token::Type::op, text.substr(i, equal ? 2 : 1)});
      i += equal ? 2 : 1;
    } else if (c == ',' || text.compare(i, 2, "&&") == 0) {
      out.push_back({Token::Type::joint, ","});
      i += c == ',' ? 1 : 2;
    } else if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.') {
      Token t{Token::Type::number, ""};
      const char* begin = text.data() + i + (c == '+' ? 1 : 0);
      const auto [end, error] = std::from_chars(begin, text.data() + text.size(), t.number);
      if (error != std::errc() || !std::isfinite(t.number) ||
          (end < text.data() + text.size() && name_char(*end)))
        refuse(text, cat("not a number at position ", i + 1));
      i = static_cast<size_t>(end - text.data());
      out.push_back(t);
    } else if (name_char(c)) {
      size_t end = i;
      while (end < text.size() && name_char(text[end])) ++end;
      const std::string word = text.substr(i, end - i);
      out.push_back({word == "and" ? Token::Type::joint : Token::Type::name, word});
      i = end;
    } else {
      refuse(text, cat("unexpected \"", c, "\" at position ", i + 1));
    }
  }
  return out;
}

Kind kind_of(const std::string& op, bool flipped) {
  const bool strict = op.size() == 1, less = (op[0] == '<') != flipped;
  return less ? (strict ? Kind::below : Kind::at_most) : (strict ? Kind::above : Kind::at_least);
}

}  // namespace

void Measures::add(const std::string& name, Function function) {
  for (auto& [known, f] : functions_)
    if (known == name) return void(f = std::move(function));
  functions_.emplace_back(name, std::move(function));
}

bool Measures::has(const std::string& name) const {
  return std::any_of(functions_.begin(), functions_.end(), [&](const auto& f) { return f.first == name; });
}

std::vector<std::string> Measures::names() const {
  std::vector<std::string> out;
  for (const auto& f : functions_) out.push_back(f.first);
  return out;
}

double Measures::value(const std::string& name, const mos::Arch& arch) const {
  for (const auto& [known, function] : functions_) {
    if (known != name) continue;
    const double v = function(arch);
    check(std::isfinite(v), "measure", name, " of ", arch.text(), " is ", v);
    return v;
  }
  std::string all;
  for (const std::string& n : names()) all += (all.empty() ? "" : ", ") + n;
  const std::string near = nearest(name, names());
  throw ArgumentError("measure", cat("\"", name, "\" is not known",
                                     near.empty() ? "" : ", did you mean " + near + "?", " Known: ", all));
}

Measures standard_measures(const mos::Space& space) {
  Measures out;
  if (space.model() != "generic") {
    out.add("parameters",
            [space](const mos::Arch& a) { return static_cast<double>(mos::parameters(space, a)); });
    out.add("flops",
            [space](const mos::Arch& a) { return static_cast<double>(mos::flops(space, a).body()); });
  }
  for (const mos::Choice& c : space.choices())
    if (!c.list) out.add(c.name, [name = c.name](const mos::Arch& a) { return a.value(name); });
  return out;
}

bool Constraint::Term::holds(double value) const {
  switch (kind) {
    case Kind::at_most:
      return value <= limit;
    case Kind::below:
      return value < limit;
    case Kind::at_least:
      return value >= limit;
    case Kind::above:
      return value > limit;
  }
  return false;
}

std::string Constraint::Term::text() const {
  const char* op = kind == Kind::at_most    ? "<="
                   : kind == Kind::below    ? "<"
                   : kind == Kind::at_least ? ">="
                                            : ">";
  return name + op + mos::number_text(limit);
}

Constraint Constraint::parse(const std::string& text) {
  using Type = Token::Type;
  Constraint out;
  const std::vector<Token> tokens = tokens_of(text);
  for (size_t i = 0; i < tokens.size(); ++i) {
    size_t end = i;
    while (end < tokens.size() && tokens[end].type != Type::joint) ++end;
    const auto is = [&](size_t at, Type type) { return i + at < end && tokens[i + at].type == type; };
    const size_t n = end - i;
    if (n == 3 && is(0, Type::name) && is(1, Type::op) && is(2, Type::number)) {
      out.terms_.push_back({tokens[i].text, kind_of(tokens[i + 1].text, false), tokens[i + 2].number});
    } else if ((n == 3 || n == 5) && is(0, Type::number) && is(1, Type::op) && is(2, Type::name)) {
      out.terms_.push_back({tokens[i + 2].text, kind_of(tokens[i + 1].text, true), tokens[i].number});
      if (n == 5 && is(3, Type::op) && is(4, Type::number))
        out.terms_.push_back({tokens[i + 2].text, kind_of(tokens[i + 3].text, false), tokens[i + 4].number});
      else if (n == 5)
        refuse(text, "a window is NUMBER op NAME op NUMBER");
    } else {
      refuse(text, "a limit is NAME, one of <= < >= >, and a number");
    }
    if (end + 1 == tokens.size()) refuse(text, "nothing follows the last comma");
    i = end;
  }
  return out;
}

std::optional<Constraint::Term> Constraint::broken(const mos::Arch& arch, const Measures& measures) const {
  for (const Term& t : terms_)
    if (!t.holds(measures.value(t.name, arch))) return t;
  return std::nullopt;
}

bool Constraint::holds(const mos::Arch& arch, const Measures& measures) const {
  return !broken(arch, measures);
}

std::string Constraint::text() const {
  std::string out;
  for (const Term& t : terms_) out += (out.empty() ? "" : " and ") + t.text();
  return out;
}

}  // namespace mosaic::nas
