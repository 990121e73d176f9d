// Limits on an architecture, written as text: "latency_ms<=40", "4e6<=parameters<=5e6 and flops<1e9".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mos/space.h"

namespace mosaic::nas {

// Named numbers of an architecture that limits and reports refer to.
class Measures {
 public:
  using Function = std::function<double(const mos::Arch&)>;
  // A later function of the same name replaces the earlier.
  void add(const std::string& name, Function function);
  bool has(const std::string& name) const;
  // ArgumentError for an unknown name (with the nearest known one) and for a value that is not finite.
  double value(const std::string& name, const mos::Arch& arch) const;
  std::vector<std::string> names() const;

 private:
  std::vector<std::pair<std::string, Function>> functions_;
};

// What needs no measuring: every choice that is one number ("decoder.layers"), and in spaces of models
// `parameters` (the paper's rules: without embeddings for translation, with them for BERT) and `flops` (30
// tokens a side, no output projection).
Measures standard_measures(const mos::Space& space);

class Constraint {
 public:
  struct Term {
    std::string name;
    enum class Kind { at_most, below, at_least, above } kind = Kind::at_most;
    double limit = 0;
    bool holds(double value) const;
    bool upper() const { return kind == Kind::at_most || kind == Kind::below; }
    std::string text() const;  // "latency_ms<=40"
  };

  Constraint() = default;  // everything is allowed
  // Terms joined by a comma, "and" or "&&"; each NAME op NUMBER, NUMBER op NAME, or NUMBER op NAME op NUMBER,
  // op one of <= < >= >. ArgumentError shows what was expected where. Empty text allows everything.
  static Constraint parse(const std::string& text);

  const std::vector<Term>& terms() const { return terms_; }
  bool empty() const { return terms_.empty(); }
  bool holds(const mos::Arch& arch, const Measures& measures) const;
  // The first term an architecture breaks.
  std::optional<Term> broken(const mos::Arch& arch, const Measures& measures) const;
  std::string text() const;  // terms joined by " and "

 private:
  std::vector<Term> terms_;
};

}  // namespace mosaic::nas
