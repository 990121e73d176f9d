// Can a constraint be met at all? Answered before any architecture is scored.
#include <cmath>

#include "nas/search.h"

namespace mosaic::nas {

namespace {

constexpr uint64_t kExactBelow = 4096;

// Counts in full, measured numbers to six digits.
std::string readable(double value) {
  return std::floor(value) == value ? mos::number_text(value) : cat(value);
}

}  // namespace

mos::Arch extreme_of(const mos::Space& space, const std::function<double(const mos::Arch&)>& value,
                     bool lowest) {
  const double sign = lowest ? 1 : -1;
  if (space.count() <= kExactBelow) {
    mos::Arch best = space.nth(0);
    double found = sign * value(best);
    for (mos::Arch& arch : space.enumerate(kExactBelow))
      if (const double v = sign * value(arch); v < found) found = v, best = std::move(arch);
    return best;
  }
  mos::Arch best = lowest ? space.smallest() : space.largest();
  double found = sign * value(best);
  // Every accepted step lowers the value and there are finitely many architectures, so this ends.
  for (bool moved = true; moved;) {
    moved = false;
    const mos::Genes genes = space.to_genes(best);
    for (size_t g = 0; g < genes.size(); ++g)
      for (const double v : space.gene_choice(static_cast<int64_t>(g)).values) {
        mos::Genes changed = genes;
        changed[g] = v;
        mos::Arch arch = space.from_genes(changed);
        if (const double there = sign * value(arch); there < found)
          found = there, best = std::move(arch), moved = true;
      }
  }
  return best;
}

void require_feasible(const SearchProblem& problem) {
  for (const Constraint::Term& term : problem.constraint.terms()) {
    const auto value = [&](const mos::Arch& arch) { return problem.measures.value(term.name, arch); };
    const mos::Arch arch = extreme_of(problem.space, value, term.upper());
    if (const double reached = value(arch); !term.holds(reached))
      throw InfeasibleError("search", cat("the ", term.upper() ? "smallest " : "largest ", term.name,
                                          " of space \"", problem.space.name(), "\" is ", readable(reached),
                                          ", you asked for ", term.text(), "; it is that of ", arch.text()));
  }
}

}  // namespace mosaic::nas
