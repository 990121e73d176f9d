#include "nas/evolution_state.h"

#include <algorithm>

namespace mosaic::nas {

json evolution_task(const SearchProblem& problem, const EvolutionOptions& options) {
  return {{"space", problem.space.name()},
          {"space_hash", problem.space.hash()},
          {"scores", problem.evaluator.identity()},
          {"constraint", problem.constraint.text()},
          {"parents", options.parents},
          {"mutants", options.mutants},
          {"children", options.children},
          {"mutation", options.mutation},
          {"seed", options.seed},
          {"max_tries", options.max_tries}};
}

void save_evolution_state(const std::filesystem::path& path, const json& task, const EvolutionState& state) {
  json population = json::array(), scored = json::array(), rounds = json::array();
  for (const mos::Genes& genes : state.population) {
    json list = json::array();
    for (const double g : genes) list.push_back(mos::number_json(g));
    population.push_back(std::move(list));
  }
  for (const Scored& s : state.result.scored) {
    json one = {{"arch", s.arch.to_json()}};
    one.update(score_json(s.score));
    scored.push_back(std::move(one));
  }
  for (const SearchRound& r : state.result.rounds) rounds.push_back({r.round, r.best, r.mean, r.fresh});
  save_json(path, {{"format", "mosaic-search"},
                   {"version", 1},
                   {"task", task},
                   {"round", state.round},
                   {"position", state.position},
                   {"population", population},
                   {"requests", state.result.requests},
                   {"rounds", rounds},
                   {"notes", state.result.notes},
                   {"scored", scored}});
}

EvolutionState load_evolution_state(const std::filesystem::path& path, const mos::Space& space,
                                    const json& task) {
  const json file = load_json(path, uint64_t{1} << 30);
  const std::string where = path.string();
  Fields f(file, where);
  f.one_of("format", {"mosaic-search"});
  f.integer("version", 1, 1);
  const json& found = f.object("task");
  for (const auto& [key, value] : task.items())
    check(found.contains(key) && found[key] == value, "evolution", where, " is of another search: ", key,
          " is ", found.contains(key) ? found[key].dump() : "missing", ", asked for ", value.dump());
  EvolutionState out;
  out.round = f.integer("round", 0);
  out.position = static_cast<uint64_t>(f.integer("position", 0));
  for (const json& genes : f.array("population")) {
    const std::string place = cat(where, ": population[", out.population.size(), "]");
    space.parse(genes, place);  // refuses what is not of the space
    if (!genes.is_array()) throw FormatError(place, "expected a list of genes");
    out.population.push_back(genes.get<mos::Genes>());
  }
  if (out.population.empty()) throw FormatError(where, "the population is empty");
  out.result.requests = f.integer("requests", 0);
  for (const json& r : f.array("rounds")) {
    if (!r.is_array() || r.size() != 4 ||
        !std::all_of(r.begin(), r.end(), [](const json& v) { return v.is_number(); }))
      throw FormatError(where, cat("rounds[", out.result.rounds.size(), "] is not four numbers"));
    out.result.rounds.push_back(
        {r[0].get<int64_t>(), r[1].get<double>(), r[2].get<double>(), r[3].get<int64_t>()});
  }
  for (const json& n : f.array("notes")) {
    if (!n.is_string()) throw FormatError(where, "notes must be texts");
    out.result.notes.push_back(n.get<std::string>());
  }
  for (const json& s : f.array("scored")) {
    const std::string place = cat(where, ": scored[", out.result.scored.size(), "]");
    if (!s.is_object() || !s.contains("arch")) throw FormatError(place, "expected an object with \"arch\"");
    json score = s;
    score.erase("arch");
    out.result.scored.push_back({space.parse(s["arch"], place), score_from_json(score, place)});
  }
  f.finish();
  return out;
}

}  // namespace mosaic::nas
