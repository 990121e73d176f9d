// Searches on landscapes with known optima: they find it, repeat it, resume to the same result, and always
// end.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <csignal>
#include <set>

#include "engine/core/file.h"
#include "nas/evolution.h"
#include "nas_support.h"

using namespace mosaic;
using namespace mosaic::nas;
using mosaic::mos::Space;
using mosaic::mos::space_named;

namespace {

// A space with everything a search needs.
struct Setting {
  Space space;
  Measures measures;
  Constraint constraint;
  Evaluator evaluator;
  explicit Setting(const std::string& name, const std::string& limits = "", std::filesystem::path file = {})
      : space(space_named(name)),
        measures(standard_measures(space)),
        constraint(Constraint::parse(limits)),
        evaluator(space, [this](const mos::Arch& a) { return landscape(space, a); },
                  {.identity = "t", .path = file}) {}
  SearchProblem problem() { return {space, evaluator, constraint, measures}; }
};

}  // namespace

TEST_CASE("exhaustive search finds the optimum, evolution and random search come to it") {
  Setting s("quickstart", "parameters<=260000");
  const SearchResult all = exhaustive_search(s.problem());
  CHECK(all.scored.size() > 1000);
  for (const Scored& one : all.scored) CHECK(one.score.loss >= all.best.score.loss);
  const SearchResult evolved = evolutionary_search(s.problem(), {.seed = 4, .state = {}});
  CHECK(evolved.best.score.loss == all.best.score.loss);
  CHECK(s.measures.value("parameters", evolved.best.arch) <= 260000);
  const SearchResult random = random_search(s.problem(), {.samples = 300, .seed = 4});
  CHECK(random.scored.size() == 300);
  CHECK(random.best.score.loss >= all.best.score.loss);
  CHECK(random.best.score.loss < all.best.score.loss + 0.02);
  for (const Scored& one : random.scored) CHECK(s.problem().allows(one.arch));
}

TEST_CASE("evolution finds the optimum of a space of 4e14 architectures") {
  // Each gene has its own best value, known in advance.
  const Space space = space_named("wmt");
  const auto loss = [&](const mos::Arch& a) {
    double v = 10.0 - a.value("decoder.layers");
    for (const mos::Arch::Entry& e : a.entries())
      for (size_t l = 0; l < e.values.size(); ++l)
        v += e.name == "decoder.layers" || e.values[l] == space.choice(e.name).values[l % 2] ? 0 : 0.1;
    return Score{.loss = v, .measures = {}};
  };
  Evaluator evaluator(space, loss, {.identity = "t", .path = {}});
  const Constraint none;
  const Measures measures;
  const SearchResult r =
      evolutionary_search({space, evaluator, none, measures}, {.iterations = 60, .seed = 2, .state = {}});
  CHECK(r.best.score.loss == doctest::Approx(4.0));
}

TEST_CASE("the bookkeeping of a search") {
  Setting s("tiny");
  int calls = 0;
  int64_t last_round = -1;
  const EvolutionOptions options = {
      .iterations = 5, .parents = 5, .mutants = 10, .children = 10, .seed = 1, .state = {}};
  const SearchResult r = evolutionary_search(s.problem(), options, [&](const SearchProgress& p) {
    ++calls;
    last_round = p.round;
    CHECK(p.rounds == 6);
    CHECK(p.of == 25);
    CHECK(p.best != nullptr);
  });
  CHECK(calls == 6 * 25);
  CHECK(last_round == 5);  // the last offspring are scored too
  CHECK(r.requests == 150);
  CHECK(r.rounds.size() == 6);
  std::set<std::string> distinct;
  int64_t fresh = 0;
  for (const Scored& one : r.scored) distinct.insert(one.arch.text());
  for (size_t i = 0; i < r.rounds.size(); ++i) {
    fresh += r.rounds[i].fresh;
    if (i > 0) CHECK(r.rounds[i].best <= r.rounds[i - 1].best);
    if (i > 0) CHECK(r.rounds[i].fresh <= 20);  // parents are not scored again
  }
  CHECK(distinct.size() == r.scored.size());
  CHECK(fresh == static_cast<int64_t>(r.scored.size()));
  CHECK(s.evaluator.computed() == fresh);
  const json report = search_json(r, s.problem());
  CHECK(report["distinct"] == r.scored.size());
  CHECK(report["evaluated"] == 150);
  CHECK(report["parameters"] == mos::parameters(s.space, r.best.arch));
  CHECK(report["best"] == r.best.arch.to_json());
}

TEST_CASE("the same seed gives the same search, another seed another") {
  Setting a("tiny", "parameters<=1500000"), b("tiny", "parameters<=1500000"),
      c("tiny", "parameters<=1500000");
  EvolutionOptions options = {.iterations = 4, .seed = 11, .state = {}};
  const json first = search_json(evolutionary_search(a.problem(), options), a.problem());
  CHECK(search_json(evolutionary_search(b.problem(), options), b.problem()) == first);
  options.seed = 12;
  CHECK(search_json(evolutionary_search(c.problem(), options), c.problem()) != first);
}

TEST_CASE("interrupted anywhere and resumed, the result is that of an uninterrupted search") {
  const TestFolder folder("resume");
  const std::string limits = "parameters<=1500000";
  EvolutionOptions options = {
      .iterations = 4, .parents = 4, .mutants = 8, .children = 8, .seed = 5, .state = {}};
  Setting plain("tiny", limits);
  const SearchResult expected = evolutionary_search(plain.problem(), options);
  const int64_t needed = plain.evaluator.computed();
  options.resume = true;
  for (const int stop : {1, 19, 20, 21, 55, 99}) {
    options.state = folder / cat("state", stop, ".json");
    const auto scores = folder / cat("scores", stop, ".jsonl");
    int calls = 0;
    int64_t computed = 0;
    {
      Setting s("tiny", limits, scores);
      CHECK_THROWS_AS(evolutionary_search(s.problem(), options,
                                          [&](const SearchProgress&) {
                                            if (++calls == stop) throw Interrupted("test", "stop");
                                          }),
                      Interrupted);
      computed = s.evaluator.computed();
    }
    Setting s("tiny", limits, scores);
    const SearchResult resumed = evolutionary_search(s.problem(), options);
    CHECK(search_json(resumed, s.problem()) == search_json(expected, plain.problem()));
    CHECK(resumed.scored.size() == expected.scored.size());
    for (size_t i = 0; i < resumed.scored.size(); ++i)
      CHECK(resumed.scored[i].arch == expected.scored[i].arch);
    CHECK(s.evaluator.computed() + computed == needed);  // nothing is scored twice
    // A finished search answers again without scoring, and goes on when more iterations are asked for.
    const int64_t before = s.evaluator.computed();
    CHECK(search_json(evolutionary_search(s.problem(), options), s.problem()) ==
          search_json(resumed, s.problem()));
    CHECK(s.evaluator.computed() == before);
    EvolutionOptions longer = options, whole = options;
    longer.iterations = whole.iterations = 6;
    whole.state.clear();
    const json continued = search_json(evolutionary_search(s.problem(), longer), s.problem());
    CHECK(continued == search_json(evolutionary_search(plain.problem(), whole), plain.problem()));
  }
}

TEST_CASE("killed without warning and resumed, the result is that of an uninterrupted search") {
  const TestFolder folder("kill");
  EvolutionOptions options = {.iterations = 3,
                              .parents = 4,
                              .mutants = 8,
                              .children = 8,
                              .seed = 6,
                              .state = folder / "state.json",
                              .resume = true};
  const auto scores = folder / "scores.jsonl";
  for (const int stop : {5, 30}) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      Setting s("tiny", "", scores);
      int calls = 0;
      evolutionary_search(s.problem(), options, [&](const SearchProgress&) {
        if (++calls == stop) ::kill(::getpid(), SIGKILL);
      });
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
  }
  Setting s("tiny", "", scores), plain("tiny");
  const json resumed = search_json(evolutionary_search(s.problem(), options), s.problem());
  options.state.clear();
  CHECK(resumed == search_json(evolutionary_search(plain.problem(), options), plain.problem()));
  CHECK(s.evaluator.computed() < plain.evaluator.computed());
}

TEST_CASE("a state of another search, an existing one and a damaged one are refused") {
  const TestFolder folder("state");
  EvolutionOptions options = {.iterations = 1,
                              .parents = 2,
                              .mutants = 2,
                              .children = 2,
                              .seed = 1,
                              .state = folder / "state.json",
                              .resume = true};
  Setting s("tiny");
  evolutionary_search(s.problem(), options);
  EvolutionOptions other = options;
  other.seed = 2;
  CHECK(refusal([&] { evolutionary_search(s.problem(), other); }).find("seed is 1, asked for 2") !=
        std::string::npos);
  other = options;
  other.resume = false;
  CHECK(refusal([&] { evolutionary_search(s.problem(), other); }).find("exists") != std::string::npos);
  Setting limited("tiny", "parameters<=1e6");
  CHECK(refusal([&] { evolutionary_search(limited.problem(), options); }).find("constraint") !=
        std::string::npos);
  const std::string whole = read_file(options.state);
  for (size_t cut = 0; cut < whole.size(); cut += whole.size() / 23 + 1) {
    write_file_atomic(options.state, std::string_view(whole).substr(0, cut));
    CHECK(refusal([&] { evolutionary_search(s.problem(), options); }).find("state.json") !=
          std::string::npos);
  }
}

TEST_CASE("tight and impossible constraints end with an answer") {
  // Only the architectures with the fewest parameters: heads and attention spans vary, sizes do not.
  Setting tight("tiny");
  const int64_t smallest = mos::parameters(tight.space, tight.space.smallest());
  tight.constraint = Constraint::parse(cat("parameters<=", smallest));
  const EvolutionOptions options = {.iterations = 3, .seed = 1, .max_tries = 300, .state = {}};
  const SearchResult r = evolutionary_search(tight.problem(), options);
  CHECK(!r.scored.empty());
  for (const Scored& one : r.scored) CHECK(mos::parameters(tight.space, one.arch) == smallest);
  // Each limit can be met, both together cannot.
  Setting both("tiny", cat("parameters<=", smallest, ", decoder.layers>=3"));
  CHECK_THROWS_AS(evolutionary_search(both.problem(), options), InfeasibleError);
  CHECK_THROWS_AS(random_search(both.problem(), {.max_tries = 2000}), InfeasibleError);
  Setting few("nano", cat("parameters<=", 1));
  CHECK_THROWS_AS(exhaustive_search(few.problem()), InfeasibleError);
  // A population larger than the space.
  Setting nano("nano");
  const SearchResult whole = evolutionary_search(
      nano.problem(),
      {.iterations = 8, .parents = 100, .mutants = 100, .children = 100, .seed = 1, .state = {}});
  CHECK(whole.scored.size() == 144);
  CHECK(whole.best.score.loss == exhaustive_search(nano.problem()).best.score.loss);
  CHECK(!whole.notes.empty());
  CHECK(random_search(nano.problem(), {.samples = 1000, .seed = 1}).scored.size() == 144);
}

TEST_CASE("the front of a search is in order of loss and none of it is beaten") {
  Setting s("nano");
  const SearchResult all = exhaustive_search(s.problem());
  const std::vector<Scored> best = front(all.scored, {"parameters"}, s.measures);
  CHECK(best.front().score.loss == all.best.score.loss);
  for (size_t i = 1; i < best.size(); ++i) {
    CHECK(best[i].score.loss > best[i - 1].score.loss);
    CHECK(s.measures.value("parameters", best[i].arch) < s.measures.value("parameters", best[i - 1].arch));
  }
}
