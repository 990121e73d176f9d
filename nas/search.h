// What every search shares: the problem, its result, and the searches without a strategy (random,
// exhaustive).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "nas/constraint.h"
#include "nas/evaluator.h"

namespace mosaic::nas {

// No architecture of the space satisfies the constraint; the message says what the nearest one reaches.
struct InfeasibleError : Error {
  using Error::Error;
};

// Find the architecture of `space` with the lowest loss among those that satisfy `constraint`. The referenced
// objects must outlive the search.
struct SearchProblem {
  const mos::Space& space;
  Evaluator& evaluator;
  const Constraint& constraint;
  const Measures& measures;
  bool allows(const mos::Arch& arch) const { return constraint.holds(arch, measures); }
};

struct Scored {
  mos::Arch arch;
  Score score;
};

// One round of a search: what it scored and the best so far.
struct SearchRound {
  int64_t round = 0;
  double best = 0;    // lowest loss so far
  double mean = 0;    // mean loss of the round's architectures
  int64_t fresh = 0;  // architectures never scored before in this search
};

struct SearchResult {
  Scored best;
  std::vector<Scored> scored;  // every distinct architecture, in the order it was first scored
  int64_t requests = 0;        // scores asked for, repeats included
  std::vector<SearchRound> rounds;
  std::vector<std::string> notes;  // what a user should know ("only 12 architectures satisfy ...")
};

// Told after every score; throwing from the callback ends the search, which can be resumed.
struct SearchProgress {
  int64_t round = 0, rounds = 0;  // 0-based; rounds counts the first population too
  int64_t done = 0, of = 0;       // scores in this round
  const Scored* best = nullptr;   // so far
};
using ProgressCallback = std::function<void(const SearchProgress&)>;

// best, loss, evaluated (scores asked for), distinct, the named measures of the best, rounds, notes.
json search_json(const SearchResult& result, const SearchProblem& problem);

struct RandomSearchOptions {
  int64_t samples = 500;
  uint64_t seed = 1;
  int64_t max_tries = 100000;  // draws without a new allowed architecture before it stops with a note
};

// Scores `samples` distinct allowed architectures drawn like training does (every depth equally often).
// Resumable through the evaluator's file. InfeasibleError when none is allowed.
SearchResult random_search(const SearchProblem& problem, const RandomSearchOptions& options,
                           const ProgressCallback& progress = {});

// Scores every allowed architecture; ArgumentError when the space has more than `limit`.
SearchResult exhaustive_search(const SearchProblem& problem, uint64_t limit = 100000,
                               const ProgressCallback& progress = {});

// The architectures of a result that no other beats in loss and all of the named measures (each to be
// minimised), by loss.
std::vector<Scored> front(const std::vector<Scored>& scored, const std::vector<std::string>& names,
                          const Measures& measures);

// The architecture with the lowest (or highest) value: exact in spaces of up to 4096 architectures, else by
// steepest single-gene changes from the smallest (largest) one, which is exact where genes act monotonically.
mos::Arch extreme_of(const mos::Space& space, const std::function<double(const mos::Arch&)>& value,
                     bool lowest);

// Throws InfeasibleError when a single term can be satisfied by no architecture found by extreme_of:
// "the smallest latency_ms of space "tiny" is 31, you asked for latency_ms<=20".
void require_feasible(const SearchProblem& problem);

// Collects a search's scores: distinct ones in order, the best, progress. Shared by all searches.
class SearchBook {
 public:
  SearchBook(const SearchProblem& problem, const ProgressCallback& progress)
      : problem_(problem), progress_(progress) {}
  // Takes scores that an earlier part of this search computed.
  void restore(SearchResult result);
  // Scores the architectures of one round; ties go to the one scored first. Returns their losses.
  std::vector<double> score(int64_t round, int64_t rounds, const std::vector<mos::Arch>& archs);
  SearchResult& result() { return result_; }

 private:
  void keep(const mos::Arch& arch, const Score& score);
  const SearchProblem& problem_;
  const ProgressCallback& progress_;
  SearchResult result_;
  std::map<std::string, size_t> seen_;
};

}  // namespace mosaic::nas
