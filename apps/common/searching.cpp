#include "apps/common/searching.h"

#include <chrono>
#include <cmath>
#include <cstring>

#include "apps/common/interrupt.h"
#include "apps/common/output.h"
#include "apps/common/progress.h"
#include "apps/common/sentences.h"
#include "apps/common/text.h"
#include "engine/autograd/node.h"
#include "nas/evolution.h"
#include "nas/model_loss.h"
#include "nas/pareto.h"
#include "nas/statistics.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

// Two-sided 95 % points of Student's t for 1, 2, ... degrees of freedom.
double student(int64_t freedom) {
  static constexpr double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                     2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};
  if (freedom < 1) return 0;
  if (freedom <= 20) return table[freedom - 1];
  return freedom <= 30 ? 2.042 : freedom <= 60 ? 2.0 : 1.96;
}

nas::SearchResult run_method(const nas::SearchProblem& problem, const SearchSettings& settings,
                             const Run& run, const nas::ProgressCallback& progress) {
  if (settings.method == "random")
    return nas::random_search(problem, {.samples = settings.samples, .seed = settings.seed}, progress);
  if (settings.method == "exhaustive") return nas::exhaustive_search(problem, 100000, progress);
  return nas::evolutionary_search(problem,
                                  {.iterations = settings.iterations,
                                   .parents = settings.parents,
                                   .mutants = settings.mutants,
                                   .children = settings.children,
                                   .mutation = settings.mutation,
                                   .seed = settings.seed,
                                   .state = run.directory() / "evolution.json",
                                   .resume = true},
                                  progress);
}

json front_json(const nas::SearchResult& result, const nas::Measures& measures, const std::string& cost) {
  json front = json::array();
  for (const nas::Scored& scored : nas::front(result.scored, {cost}, measures))
    front.push_back({{"score", scored.score.loss},
                     {cost, measures.value(cost, scored.arch)},
                     {"arch", scored.arch.to_json()}});
  return front;
}

json cloud_json(const nas::SearchResult& result, const nas::Measures& measures, const std::string& cost) {
  json points = json::array();
  for (const nas::Scored& scored : result.scored)
    points.push_back({measures.value(cost, scored.arch), scored.score.loss});
  return points;
}

}  // namespace

int64_t measure_data_set(mos::Supernet& supernet, int64_t count, int64_t repeated, uint64_t seed,
                         const nas::LatencyOptions& options, const fs::path& csv) {
  const nas::Sampler sampler(supernet.space(), {.seed = seed, .pinned = {}});
  const std::vector<mos::Arch> archs = sampler.fixed_set(count, "latency");
  const auto distinct = static_cast<int64_t>(archs.size());
  Progress progress("latency", distinct + std::min(repeated, distinct));
  const int64_t rows = nas::measure_latencies(supernet, archs, std::min(repeated, distinct), options, csv,
                                              [&](int64_t done, int64_t) {
                                                progress.update(done);
                                                return !interrupted();
                                              });
  stop_if_interrupted("latency: what was measured is kept; the same command goes on");
  return rows;
}

MeasuredLatency measure_with_interval(const nn::Seq2Seq& model, const nas::LatencyOptions& options,
                                      int64_t measurements) {
  std::vector<double> times;
  Progress progress("measure", measurements);
  for (int64_t i = 0; i < measurements; ++i) {
    stop_if_interrupted("measuring was not finished");
    times.push_back(nas::measure_latency(model, options).total_ms);
    progress.update(i + 1);
  }
  const double mean = nas::mean(times);
  const double half =
      student(measurements - 1) * nas::deviation(times) / std::sqrt(static_cast<double>(measurements));
  return {.mean = mean, .low = mean - half, .high = mean + half, .measurements = measurements};
}

nas::LatencyOptions latency_options_from(const json& measured, const std::string& where) {
  Fields fields(measured, where);
  return {.protocol = nas::protocol_named(fields.text("protocol")),
          .source_length = fields.integer("source_length", 1),
          .target_length = fields.integer("target_length", 1),
          .beam = fields.integer("beam", 1),
          .warmup = fields.integer("warmup", 0),
          .repeats = fields.integer("repeats", 1),
          .trim = fields.number("trim", 0, 0.5)};
}

json search_settings_json(const SearchSettings& settings) {
  return {{"method", settings.method},
          {"constraint", settings.constraint},
          {"checkpoint", settings.checkpoint},
          {"predictor", path_text(settings.predictor)},
          {"iterations", settings.iterations},
          {"parents", settings.parents},
          {"mutants", settings.mutants},
          {"children", settings.children},
          {"samples", settings.samples},
          {"mutation", settings.mutation},
          {"valid_pairs", settings.valid_pairs},
          {"max_tokens", settings.max_tokens},
          {"measurements", settings.measurements},
          {"seed", settings.seed}};
}

json run_search(Run& run, SupernetRun& from, const PreparedData& data, const SearchSettings& settings) {
  const auto begin = std::chrono::steady_clock::now();
  mos::Supernet& supernet = *from.supernet;
  const mos::Space& space = supernet.space();
  nas::Measures measures = nas::standard_measures(space);
  std::optional<nas::Predictor> predictor;
  if (!settings.predictor.empty()) {
    predictor = nas::Predictor::load(settings.predictor, space);
    measures.add("latency_ms", [&](const mos::Arch& arch) { return (*predictor)(arch); });
  }
  const nas::Constraint constraint = nas::Constraint::parse(settings.constraint);
  for (const nas::Constraint::Term& term : constraint.terms()) {
    check<UsageError>(term.name != "latency_ms" || predictor.has_value(), "--constraint",
                      "latency_ms needs --predictor FILE; mosaic latency measure and fit make one");
    measures.value(term.name, space.largest());  // refuses an unknown name before anything is computed
  }

  std::vector<data::Example> examples = data.examples("valid");
  if (settings.valid_pairs > 0 && settings.valid_pairs < static_cast<int64_t>(examples.size()))
    examples.resize(static_cast<size_t>(settings.valid_pairs));
  const std::vector<nn::SequenceBatch> batches =
      validation_batches(examples, {.max_tokens = settings.max_tokens, .drop_long = true});
  const nas::Evaluator::Function score = nas::supernet_score(supernet, batches, 0);
  const auto stoppable = [&](const mos::Arch& arch) {
    stop_if_interrupted("what was scored is kept; --resume goes on");
    return score(arch);
  };
  nas::Evaluator evaluator(space, stoppable,
                           {.identity = cat("nll:", from.hash, ":", data.hash(), ":", settings.valid_pairs),
                            .path = run.directory() / "scores.jsonl"});
  const nas::SearchProblem problem{space, evaluator, constraint, measures};

  nas::SearchResult result;
  {
    Progress progress("search", 0);
    int64_t shown = -1, asked = 0;
    result = run_method(problem, settings, run, [&](const nas::SearchProgress& at) {
      const std::string best = at.best != nullptr ? "best " + fixed(at.best->score.loss, 4) : "";
      progress.update(++asked, cat("round ", at.round + 1, "/", at.rounds, "  ", best));
      if (at.round == shown) return;
      shown = at.round;
      detail("round ", at.round + 1, "/", at.rounds, " ", best);
    });
  }
  for (const std::string& note : result.notes) say("search: ", note);

  const std::string cost = predictor ? "latency_ms" : "parameters";
  json out = nas::search_json(result, problem);
  out["latency_ms_predicted"] = predictor ? json((*predictor)(result.best.arch)) : json();
  out["latency_ms_measured"] = nullptr;
  out["latency_ms_interval"] = nullptr;
  if (predictor && settings.measurements > 1) {
    const auto model = extract_checked(supernet, result.best.arch);
    const MeasuredLatency measured = measure_with_interval(
        *model, latency_options_from(predictor->measured(), settings.predictor.string() + ": measured"),
        settings.measurements);
    out["latency_ms_measured"] = measured.mean;
    out["latency_ms_interval"] = {measured.low, measured.high};
  }
  out["constraint"] = constraint.text();
  out["computed"] = evaluator.computed();
  out["front"] = front_json(result, measures, cost);
  out["points"] = cloud_json(result, measures, cost);
  out["cost"] = cost;
  out["supernet"] = {{"checkpoint", path_text(from.checkpoint)}, {"hash", from.hash}};
  out["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  save_json(run.results() / "search.json", out);
  save_json(run.results() / "best.json", result.best.arch.to_json());
  return out;
}

std::unique_ptr<nn::Seq2Seq> extract_checked(mos::Supernet& supernet, const mos::Arch& arch) {
  const NoGrad quiet;
  auto model = supernet.extract(arch);
  mos::Selection selection = supernet.select(arch);
  Generator rng = Generator(11).fork("extract");
  const int64_t rows = 3, length = 7;
  std::vector<int32_t> source, input;
  const nn::TransformerConfig& sizes = model->config();
  for (int64_t i = 0; i < rows * length; ++i) {
    source.push_back(static_cast<int32_t>(rng.below(static_cast<uint64_t>(sizes.source_vocabulary))));
    input.push_back(static_cast<int32_t>(rng.below(static_cast<uint64_t>(sizes.target_vocabulary))));
    if (source.back() == sizes.padding) source.back() = static_cast<int32_t>(sizes.eos);
    if (input.back() == sizes.padding) input.back() = static_cast<int32_t>(sizes.eos);
  }
  const Tensor s = Tensor::from(std::span<const int32_t>(source), {rows, length});
  const Tensor t = Tensor::from(std::span<const int32_t>(input), {rows, length});
  const Tensor mine = model->logits(s, t).dense(), theirs = selection.model().logits(s, t).dense();
  const bool equal =
      mine.shape() == theirs.shape() &&
      std::memcmp(mine.raw(), theirs.raw(), static_cast<size_t>(mine.numel()) * sizeof(float)) == 0;
  check<BackendError>(equal, "extract", "the extracted model's logits are not those of the supernet");
  return model;
}

mos::Arch arch_from_file(const mos::Space& space, const std::string& text) {
  if (text == "largest") return space.largest();
  if (text == "smallest") return space.smallest();
  fs::path path = text;
  if (fs::is_directory(path)) path = path / "results" / "search.json";
  const json value = load_json(path);
  if (value.is_object() && value.contains("best") && value.contains("score"))
    return space.parse(value["best"], path.string() + ": best");
  return space.parse(value, path.string());
}

}  // namespace mosaic::apps
