// The state of an evolutionary search between two populations, as JSON.
#pragma once

#include "nas/evolution.h"

namespace mosaic::nas {

struct EvolutionState {
  int64_t round = 0;      // the population below is this round's, not yet scored
  uint64_t position = 0;  // of the search's random stream
  std::vector<mos::Genes> population;
  SearchResult result;  // of the rounds before
};

// What a state belongs to: space, evaluator, constraint and every option that shapes the search (not its
// length).
json evolution_task(const SearchProblem& problem, const EvolutionOptions& options);

void save_evolution_state(const std::filesystem::path& path, const json& task, const EvolutionState& state);
// ArgumentError, naming the first difference, when the state is of another task; FormatError when damaged.
EvolutionState load_evolution_state(const std::filesystem::path& path, const mos::Space& space,
                                    const json& task);

}  // namespace mosaic::nas
