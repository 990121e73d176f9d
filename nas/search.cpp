#include "nas/search.h"

#include <algorithm>
#include <set>

#include "nas/pareto.h"

namespace mosaic::nas {

void SearchBook::keep(const mos::Arch& arch, const Score& score) {
  if (!seen_.emplace(arch.text(), result_.scored.size()).second) return;
  result_.scored.push_back({arch, score});
  if (result_.scored.size() == 1 || score.loss < result_.best.score.loss)
    result_.best = result_.scored.back();
}

void SearchBook::restore(SearchResult result) {
  result_ = {};
  seen_.clear();
  for (const Scored& s : result.scored) keep(s.arch, s.score);
  result_.requests = result.requests;
  result_.rounds = std::move(result.rounds);
  result_.notes = std::move(result.notes);
}

std::vector<double> SearchBook::score(int64_t round, int64_t rounds, const std::vector<mos::Arch>& archs) {
  std::vector<double> losses;
  const size_t before = result_.scored.size();
  double sum = 0;
  for (const mos::Arch& arch : archs) {
    const Score score = problem_.evaluator(arch);
    keep(arch, score);
    ++result_.requests;
    losses.push_back(score.loss);
    sum += score.loss;
    if (progress_)
      progress_({.round = round,
                 .rounds = rounds,
                 .done = static_cast<int64_t>(losses.size()),
                 .of = static_cast<int64_t>(archs.size()),
                 .best = &result_.best});
  }
  result_.rounds.push_back({.round = round,
                            .best = result_.best.score.loss,
                            .mean = sum / static_cast<double>(archs.size()),
                            .fresh = static_cast<int64_t>(result_.scored.size() - before)});
  return losses;
}

json search_json(const SearchResult& result, const SearchProblem& problem) {
  json out = {{"best", result.best.arch.to_json()},
              {"score", result.best.score.loss},
              {"evaluated", result.requests},
              {"distinct", result.scored.size()}};
  for (const std::string& name : problem.measures.names())
    if (name.find('.') == std::string::npos)
      out[name] = mos::number_json(problem.measures.value(name, result.best.arch));
  out["rounds"] = json::array();
  for (const SearchRound& r : result.rounds)
    out["rounds"].push_back({{"round", r.round}, {"best", r.best}, {"mean", r.mean}, {"fresh", r.fresh}});
  out["notes"] = result.notes;
  return out;
}

SearchResult random_search(const SearchProblem& problem, const RandomSearchOptions& options,
                           const ProgressCallback& progress) {
  check(options.samples >= 1, "random search", options.samples, " samples, at least 1 is needed");
  require_feasible(problem);
  Generator generator = Generator(options.seed).fork("random search");
  std::vector<mos::Arch> drawn;
  std::set<std::string> seen;
  int64_t tries = 0;
  while (static_cast<int64_t>(drawn.size()) < options.samples && tries++ < options.max_tries) {
    mos::Arch arch = problem.space.sample(generator);
    if (!seen.insert(arch.text()).second || !problem.allows(arch)) continue;
    drawn.push_back(std::move(arch));
    tries = 0;
  }
  check<InfeasibleError>(!drawn.empty(), "search", options.max_tries, " draws from space \"",
                         problem.space.name(), "\" gave none with ", problem.constraint.text());
  SearchBook book(problem, progress);
  if (static_cast<int64_t>(drawn.size()) < options.samples)
    book.result().notes.push_back(
        cat("only ", drawn.size(), " distinct architectures found",
            problem.constraint.empty() ? "" : " with " + problem.constraint.text()));
  book.score(0, 1, drawn);
  return std::move(book.result());
}

SearchResult exhaustive_search(const SearchProblem& problem, uint64_t limit,
                               const ProgressCallback& progress) {
  std::vector<mos::Arch> allowed;
  for (mos::Arch& arch : problem.space.enumerate(limit))
    if (problem.allows(arch)) allowed.push_back(std::move(arch));
  if (allowed.empty()) {
    require_feasible(problem);
    throw InfeasibleError("search", cat("no architecture of space \"", problem.space.name(), "\" satisfies ",
                                        problem.constraint.text()));
  }
  SearchBook book(problem, progress);
  book.score(0, 1, allowed);
  return std::move(book.result());
}

std::vector<Scored> front(const std::vector<Scored>& scored, const std::vector<std::string>& names,
                          const Measures& measures) {
  std::vector<std::vector<double>> points;
  for (const Scored& s : scored) {
    points.push_back({s.score.loss});
    for (const std::string& name : names) points.back().push_back(measures.value(name, s.arch));
  }
  std::vector<Scored> out;
  for (const size_t i : pareto_front(points)) out.push_back(scored[i]);
  return out;
}

}  // namespace mosaic::nas
