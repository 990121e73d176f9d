// HAT's evolutionary search under a constraint: cached, free of duplicates, resumable, and always ending.
#pragma once

#include <filesystem>

#include "nas/search.h"

namespace mosaic::nas {

// Each round scores a population, keeps the best as parents, and makes the next population of the parents, of
// mutants (each gene of a parent re-drawn with a probability) and of children (each gene from one of two
// distinct parents). Differences from HAT's code: scores are remembered, a population holds no two equal
// architectures, a draw gives up after max_tries instead of never, and the last offspring are scored too.
struct EvolutionOptions {
  int64_t iterations = 30;  // rounds of offspring; populations scored: iterations + 1
  int64_t parents = 25;
  int64_t mutants = 50;
  int64_t children = 50;  // the population is the sum of the three (125)
  double mutation = 0.3;  // probability of a gene to be re-drawn
  uint64_t seed = 1;
  int64_t max_tries = 1000;  // draws for one new member before the population stays smaller, with a note
  // JSON state, written whole before each population is scored; with `resume` an existing one is continued
  // (it may be finished, and may be continued with more iterations). Empty: no state.
  std::filesystem::path state;
  bool resume = false;
};

// The result depends on the problem and the options only: interrupted and resumed, or not, it is the same.
// InfeasibleError before anything is scored when the constraint cannot be met; ArgumentError for options out
// of range, an existing state without `resume`, or a state of another problem.
SearchResult evolutionary_search(const SearchProblem& problem, const EvolutionOptions& options,
                                 const ProgressCallback& progress = {});

}  // namespace mosaic::nas
