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
#include "engine/ops/ops.h"
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
          {"valid_examples", settings.valid_examples},
          {"max_tokens", settings.max_tokens},
          {"measurements", settings.measurements},
          {"seed", settings.seed}};
}

namespace {

// What a search is about, whatever the task.
struct Subject {
  const mos::Space& space;
  nas::Evaluator::Function score;
  std::string identity;  // of the scores
  json supernet;         // for the result
};

void check_constraint(const nas::Constraint& constraint, const nas::Measures& measures,
                      const mos::Space& space, bool predicts) {
  for (const nas::Constraint::Term& term : constraint.terms()) {
    check<UsageError>(term.name != "latency_ms" || predicts, "--constraint",
                      space.model() == "bert" ? "latency_ms is for translation; parameters<=5e6 is a BERT's"
                                              : "latency_ms needs --predictor FILE; mosaic latency measure "
                                                "and fit make one");
    measures.value(term.name, space.largest());  // refuses an unknown name before anything is computed
  }
}

// Searches and gathers the result; `add` may put more into it before it is saved.
json search_subject(Run& run, const Subject& subject, const nas::Measures& measures, const std::string& cost,
                    const SearchSettings& settings, const std::function<void(json&, const mos::Arch&)>& add) {
  const auto begin = std::chrono::steady_clock::now();
  const nas::Constraint constraint = nas::Constraint::parse(settings.constraint);
  check_constraint(constraint, measures, subject.space, cost == "latency_ms");
  const auto stoppable = [&](const mos::Arch& arch) {
    stop_if_interrupted("what was scored is kept; --resume goes on");
    return subject.score(arch);
  };
  nas::Evaluator evaluator(subject.space, stoppable,
                           {.identity = cat("nll:", subject.identity, ":", settings.valid_examples),
                            .path = run.directory() / "scores.jsonl"});
  const nas::SearchProblem problem{subject.space, evaluator, constraint, measures};

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

  json out = nas::search_json(result, problem);
  out["perplexity"] = std::exp(result.best.score.loss);
  if (add) add(out, result.best.arch);
  out["constraint"] = constraint.text();
  out["computed"] = evaluator.computed();
  out["front"] = front_json(result, measures, cost);
  out["points"] = cloud_json(result, measures, cost);
  out["cost"] = cost;
  out["supernet"] = subject.supernet;
  out["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  save_json(run.results() / "search.json", out);
  save_json(run.results() / "best.json", result.best.arch.to_json());
  return out;
}

// Bit by bit.
void check_equal_logits(const Tensor& mine, const Tensor& theirs) {
  const Tensor a = mine.to(cpu()).dense(), b = theirs.to(cpu()).dense();
  const bool equal = a.shape() == b.shape() &&
                     std::memcmp(a.raw(), b.raw(), static_cast<size_t>(a.numel()) * sizeof(float)) == 0;
  check<BackendError>(equal, "extract", "the extracted model's logits are not those of the supernet");
}

// Random ids {rows, length} below `vocabulary` without padding.
Tensor random_ids(Generator& rng, int64_t rows, int64_t length, int64_t vocabulary, int64_t padding,
                  int64_t instead) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < rows * length; ++i) {
    const auto id = static_cast<int64_t>(rng.below(static_cast<uint64_t>(vocabulary)));
    ids.push_back(static_cast<int32_t>(id == padding ? instead : id));
  }
  return Tensor::from(std::span<const int32_t>(ids), {rows, length});
}

}  // namespace

json run_search(Run& run, SupernetRun& from, const PreparedData& data, const SearchSettings& settings) {
  mos::Supernet& supernet = *from.supernet;
  const mos::Space& space = supernet.space();
  nas::Measures measures = nas::standard_measures(space);
  std::optional<nas::Predictor> predictor;
  if (!settings.predictor.empty()) {
    predictor = nas::Predictor::load(settings.predictor, space);
    measures.add("latency_ms", [&](const mos::Arch& arch) { return (*predictor)(arch); });
  }
  const std::vector<nn::Batch> batches =
      validation_set(data, {.max_tokens = settings.max_tokens, .drop_long = true}, settings.valid_examples);
  const auto latency = [&](json& out, const mos::Arch& best) {
    out["latency_ms_predicted"] = predictor ? json((*predictor)(best)) : json();
    out["latency_ms_measured"] = nullptr;
    out["latency_ms_interval"] = nullptr;
    if (!predictor || settings.measurements < 2) return;
    const MeasuredLatency measured = measure_with_interval(
        *extract_checked(supernet, best),
        latency_options_from(predictor->measured(), settings.predictor.string() + ": measured"),
        settings.measurements);
    out["latency_ms_measured"] = measured.mean;
    out["latency_ms_interval"] = {measured.low, measured.high};
  };
  return search_subject(run,
                        {.space = space,
                         .score = nas::supernet_score(supernet, batches, 0),
                         .identity = cat(from.hash, ":", data.hash()),
                         .supernet = {{"checkpoint", path_text(from.checkpoint)}, {"hash", from.hash}}},
                        measures, predictor ? "latency_ms" : "parameters", settings, latency);
}

json run_search(Run& run, SuperBertRun& from, const MlmData& data, const SearchSettings& settings) {
  mos::SuperBert& supernet = *from.supernet;
  check<UsageError>(settings.predictor.empty(), "--predictor", "is for translation models");
  const std::vector<nn::Batch> batches =
      validation_set(data, {}, settings.max_tokens, settings.valid_examples);
  return search_subject(run,
                        {.space = supernet.space(),
                         .score = nas::supernet_score(supernet, batches, 0),
                         .identity = cat(from.hash, ":", data.hash()),
                         .supernet = {{"checkpoint", path_text(from.checkpoint)}, {"hash", from.hash}}},
                        nas::standard_measures(supernet.space()), "parameters", settings, {});
}

std::unique_ptr<nn::Seq2Seq> extract_checked(mos::Supernet& supernet, const mos::Arch& arch) {
  const NoGrad quiet;
  auto model = supernet.extract(arch);
  mos::Selection selection = supernet.select(arch);
  Generator rng = Generator(11).fork("extract");
  const nn::TransformerConfig& sizes = model->config();
  const auto ids = [&](int64_t vocabulary) {
    return random_ids(rng, 3, 7, vocabulary, sizes.padding, sizes.eos);
  };
  const Tensor source = ids(sizes.source_vocabulary), input = ids(sizes.target_vocabulary);
  check_equal_logits(model->logits(source, input), selection.model().logits(source, input));
  return model;
}

std::unique_ptr<nn::Bert> extract_checked(mos::SuperBert& supernet, const mos::Arch& arch) {
  const NoGrad quiet;
  auto model = supernet.extract(arch);
  mos::BertSelection selection = supernet.select(arch);
  Generator rng = Generator(11).fork("extract");
  const nn::BertConfig& sizes = model->config();
  const Tensor ids =
      random_ids(rng, 3, 7, sizes.vocabulary, sizes.padding, (sizes.padding + 1) % sizes.vocabulary);
  const auto logits = [&](const nn::Bert& bert) {
    return bert.mlm_logits(bert.encode({.ids = ids, .types = {}, .mask = {}}), arange(21));
  };
  check_equal_logits(logits(*model), logits(selection.model()));
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
