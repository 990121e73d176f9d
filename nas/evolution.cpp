#include "nas/evolution.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

#include "nas/evolution_state.h"

namespace mosaic::nas {

namespace {

class Evolution {
 public:
  Evolution(const SearchProblem& problem, const EvolutionOptions& options, const ProgressCallback& progress)
      : problem_(problem),
        options_(options),
        book_(problem, progress),
        generator_(Generator(options.seed).fork("evolution")) {}

  SearchResult run() {
    start();
    while (true) {
      const std::vector<mos::Genes> parents = score_and_select();
      if (round_ == options_.iterations) break;
      breed(parents);
      ++round_;
      save();
    }
    return std::move(book_.result());
  }

 private:
  void start() {
    const json task = evolution_task(problem_, options_);
    if (options_.resume && !options_.state.empty() && std::filesystem::exists(options_.state)) {
      EvolutionState state = load_evolution_state(options_.state, problem_.space, task);
      // A finished search that is asked for fewer rounds than it has done cannot be undone.
      check(state.round <= options_.iterations, "evolution", options_.state.string(), " is at iteration ",
            state.round, ", ", options_.iterations, " were asked for");
      round_ = state.round;
      population_ = std::move(state.population);
      generator_.seek(state.position);
      book_.restore(std::move(state.result));
      return;
    }
    check(options_.state.empty() || !std::filesystem::exists(options_.state), "evolution",
          options_.state.string(), " exists; resume it or give another file");
    require_feasible(problem_);
    fill();
    save();
  }

  void save() {
    if (options_.state.empty()) return;
    save_evolution_state(options_.state, evolution_task(problem_, options_),
                         {round_, generator_.position(), population_, book_.result()});
  }

  // Draws with `make` until an allowed architecture comes that the population lacks.
  template <class Make>
  bool add(Make make) {
    for (int64_t t = 0; t < options_.max_tries; ++t) {
      mos::Genes genes = make();
      const mos::Arch arch = problem_.space.from_genes(genes);
      const std::string key = arch.text();
      if (members_.contains(key) || !problem_.allows(arch)) continue;
      members_.insert(key);
      population_.push_back(std::move(genes));
      return true;
    }
    return false;
  }

  // The first population: uniform genes under the constraint. Where the allowed region is too small to be hit
  // by chance, it is grown by mutation from what was found, or from the extremes of the constraint's terms.
  void fill() {
    const size_t wanted = static_cast<size_t>(options_.parents + options_.mutants + options_.children);
    while (population_.size() < wanted && add([&] { return problem_.space.sample_genes(generator_); })) {
    }
    if (population_.empty()) add_extremes();
    check<InfeasibleError>(!population_.empty(), "search", "no architecture of space \"",
                           problem_.space.name(), "\" was found with ", problem_.constraint.text(), " in ",
                           options_.max_tries, " draws, although each limit alone can be met");
    while (population_.size() < wanted && add([&] {
             return problem_.space.mutate(population_[generator_.below(population_.size())],
                                          options_.mutation, generator_);
           })) {
    }
    if (population_.size() < wanted)
      book_.result().notes.push_back(
          cat("the first population has ", population_.size(), " of ", wanted,
              " architectures: no more distinct ones found",
              problem_.constraint.empty() ? "" : " with " + problem_.constraint.text()));
  }

  void add_extremes() {
    for (const Constraint::Term& term : problem_.constraint.terms()) {
      const auto value = [&](const mos::Arch& arch) { return problem_.measures.value(term.name, arch); };
      const mos::Arch arch = extreme_of(problem_.space, value, term.upper());
      if (problem_.allows(arch) && members_.insert(arch.text()).second)
        population_.push_back(problem_.space.to_genes(arch));
    }
  }

  // Scores the population; the best of it, in order of loss (ties in order of the population).
  std::vector<mos::Genes> score_and_select() {
    std::vector<mos::Arch> archs;
    for (const mos::Genes& genes : population_) archs.push_back(problem_.space.from_genes(genes));
    const std::vector<double> losses = book_.score(round_, options_.iterations + 1, archs);
    std::vector<size_t> order(archs.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return losses[a] < losses[b]; });
    std::vector<mos::Genes> parents;
    for (size_t i = 0; i < order.size() && i < static_cast<size_t>(options_.parents); ++i)
      parents.push_back(population_[order[i]]);
    return parents;
  }

  void breed(const std::vector<mos::Genes>& parents) {
    population_ = parents;
    members_.clear();
    for (const mos::Genes& genes : parents) members_.insert(problem_.space.from_genes(genes).text());
    const auto any = [&] { return static_cast<size_t>(generator_.below(parents.size())); };
    const auto mutant = [&] { return problem_.space.mutate(parents[any()], options_.mutation, generator_); };
    const auto child = [&] {
      const size_t a = any(), b = (a + 1 + generator_.below(parents.size() - 1)) % parents.size();
      return problem_.space.cross(parents[a], parents[b], generator_);
    };
    int64_t missing = 0;
    for (int64_t i = 0; i < options_.mutants; ++i)
      if (!add(mutant)) {
        missing += options_.mutants - i;
        break;
      }
    for (int64_t i = 0; i < options_.children; ++i)
      if (parents.size() < 2 || !add(child)) {
        missing += options_.children - i;
        break;
      }
    if (missing > 0)
      book_.result().notes.push_back(cat("iteration ", round_ + 1, ": ", missing,
                                         " offspring missing, no new allowed architecture in ",
                                         options_.max_tries, " draws"));
  }

  const SearchProblem& problem_;
  const EvolutionOptions& options_;
  SearchBook book_;
  Generator generator_;
  int64_t round_ = 0;
  std::vector<mos::Genes> population_;
  std::set<std::string> members_;  // canonical texts of the population
};

}  // namespace

SearchResult evolutionary_search(const SearchProblem& problem, const EvolutionOptions& options,
                                 const ProgressCallback& progress) {
  check(options.iterations >= 0 && options.iterations <= 1000000, "evolution", options.iterations,
        " iterations");
  check(options.parents >= 1 && options.mutants >= 0 && options.children >= 0, "evolution", "parents ",
        options.parents, ", mutants ", options.mutants, ", children ", options.children,
        ": at least one parent is needed and no negative number");
  check(options.mutation >= 0 && options.mutation <= 1, "evolution", "mutation probability ",
        options.mutation, " is outside [0, 1]");
  check(options.max_tries >= 1, "evolution", "max_tries ", options.max_tries, " is below 1");
  return Evolution(problem, options, progress).run();
}

}  // namespace mosaic::nas
