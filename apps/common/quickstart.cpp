#include "apps/common/quickstart.h"

#include "apps/common/evaluating.h"
#include "apps/common/finetuning.h"
#include "apps/common/output.h"
#include "apps/common/reports.h"
#include "apps/common/searching.h"
#include "apps/common/stages.h"
#include "apps/common/text.h"
#include "data/text/lines.h"
#include "nas/statistics.h"
#include "nn/module.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

// The pipeline: one member function a stage, each with what it reads and what it leaves behind.
class Quickstart {
 public:
  Quickstart(fs::path directory, const json& plan)
      : directory_(std::move(directory)), plan_(plan), stages_(directory_, 7) {}
  json run();

 private:
  Run open(const char* name, const char* command, const json& config, bool again) const;
  json prepare(bool again);
  json train(bool again);
  json latency(bool again);
  json search(bool again);
  json extract();
  json finetune(bool again);
  json translate();
  PreparedData data() const { return open_data(directory_ / "data"); }
  // The test pairs that are scored.
  std::vector<data::SentencePair> test(const PreparedData& prepared) const;
  Evaluation score(const nn::Seq2Seq& model, const PreparedData& prepared, const DecodingSettings& decoding,
                   const char* what) const;
  json facts() const;
  json samples() const;

  fs::path directory_;
  const json& plan_;
  Stages stages_;
  json prepared_, trained_, measured_, found_, inherited_, finetuned_, translated_;
};

Run Quickstart::open(const char* name, const char* command, const json& config, bool again) const {
  return Run::open(directory_ / name, config,
                   {.command = command,
                    .existing = again ? Existing::resume : Existing::overwrite,
                    .allow_changes = true,
                    .may_change = {}});
}

json Quickstart::prepare(bool) {
  const json& corpus = plan_["corpus"];
  Fields fields(corpus, "plan: corpus");
  const std::vector<std::string> languages = split(fields.text("languages"), '-');
  check<FormatError>(languages.size() == 2, "plan: corpus", "\"languages\" must be of the form en-de");
  const PrepareOptions options{
      .source = fields.one_of("source", {"parallel", "libreoffice-help", "debian-descriptions"}),
      .source_language = languages[0],
      .target_language = languages[1],
      .train = fields.text("train"),
      .valid = fields.text("valid"),
      .test = fields.text("test"),
      .root = fields.text("root"),
      .valid_size = fields.integer("valid_size", 1),
      .test_size = fields.integer("test_size", 1),
      .max_train = fields.integer("max_train", 0),
      .vocabulary = fields.integer("vocabulary", 8, 1000000),
      .overwrite = true};
  fields.finish();
  prepare_data(options, directory_ / "data");
  const PreparedData prepared = data();
  json out = data_statistics(prepared);
  out["hash"] = prepared.hash();
  return out;
}

json Quickstart::train(bool again) {
  json config = plan_["train"];
  config["data"] = "../data";  // where it is, seen from the run
  TrainSettings settings = read_settings(config, "plan: train");
  settings.data = directory_ / "data";
  const PreparedData prepared = data();
  Run run = open("supernet", "train", config, again);
  run.manifest({{"command", "train"}, {"seed", settings.seed}, {"inputs", {{"data", prepared.hash()}}}});
  const json result = train_model(run, settings, prepared).to_json();
  save_json(run.results() / "training.json", result);
  return result;
}

json Quickstart::latency(bool again) {
  Fields fields(plan_["latency"], "plan: latency");
  const int64_t count = fields.integer("count", 3), repeated = fields.integer("repeated", 0);
  const double wanted = fields.number("limit_ms", 0), quantile = fields.number("limit_quantile", 0, 1);
  nas::LatencyOptions options;
  options.repeats = fields.integer("repeats", 2);
  fields.finish();
  const fs::path csv = directory_ / "latency.csv";
  if (!again)
    for (const char* name : {"latency.csv", "latency.json"}) fs::remove(directory_ / name);
  const SupernetRun supernet = open_supernet(directory_ / "supernet", "best");
  const mos::Space& space = supernet.supernet->space();
  measure_data_set(*supernet.supernet, count, repeated, 1, options, csv);
  const nas::LatencyData measured = nas::load_latency_data(csv, space);
  const nas::Predictor predictor = nas::fit_predictor(space, measured);
  predictor.save(directory_ / "predictor.json");
  std::vector<double> times;
  json points = json::array();
  for (const nas::LatencyRow& row : measured.rows) {
    times.push_back(row.latency_ms);
    points.push_back({row.latency_ms, predictor(row.arch)});
  }
  say(predictor.report().text());
  return {{"rows", measured.rows.size()},
          {"limit_ms", wanted > 0 ? wanted : nas::quantile(times, quantile)},
          {"predictor", predictor.report().to_json()},
          {"points", points}};
}

json Quickstart::search(bool again) {
  Fields fields(plan_["search"], "plan: search");
  SearchSettings settings{.method = fields.one_of("method", {"evolution", "random", "exhaustive"}),
                          .constraint = cat("latency_ms<=", fixed(measured_["limit_ms"].get<double>(), 4)),
                          .predictor = directory_ / "predictor.json",
                          .iterations = fields.integer("iterations", 0),
                          .parents = fields.integer("parents", 1),
                          .mutants = fields.integer("mutants", 0),
                          .children = fields.integer("children", 0),
                          .samples = fields.integer("samples", 1),
                          .mutation = fields.number("mutation", 0, 1),
                          .valid_examples = fields.integer("valid_pairs", 0),
                          .measurements = fields.integer("measurements", 2)};
  fields.finish();
  SupernetRun supernet = open_supernet(directory_ / "supernet", "best");
  Run run = open("search", "search", search_settings_json(settings), again);
  run.manifest({{"command", "search"}, {"seed", settings.seed}, {"inputs", {{"supernet", supernet.hash}}}});
  json result = run_search(run, supernet, data(), settings);
  result.erase("points");
  return result;
}

std::vector<data::SentencePair> Quickstart::test(const PreparedData& prepared) const {
  std::vector<data::SentencePair> pairs = prepared.pairs("test");
  const auto wanted = plan_["test_pairs"].get<size_t>();
  if (wanted > 0 && wanted < pairs.size()) pairs.resize(wanted);
  return pairs;
}

Evaluation Quickstart::score(const nn::Seq2Seq& model, const PreparedData& prepared,
                             const DecodingSettings& decoding, const char* what) const {
  Evaluation result = evaluate_model(model, prepared.subwords, test(prepared), {.decoding = decoding}, what);
  say(what, ": BLEU ", fixed(result.scores["sacrebleu"].get<double>(), 2), ", loss ",
      fixed(result.scores["loss"].get<double>(), 3));
  return result;
}

json Quickstart::extract() {
  SupernetRun from = open_supernet(directory_ / "supernet", "best");
  const mos::Space& space = from.supernet->space();
  const PreparedData prepared = data();
  const mos::Arch arch = space.parse(found_["best"], "search result: best");
  const auto model = extract_checked(*from.supernet, arch);
  ModelFacts facts = from.facts;
  facts.arch = arch.to_json();
  facts.made = {{"command", "quickstart"}, {"supernet", from.hash}};
  save_model(directory_ / "inherited", *model, from.subwords, facts, true);
  const auto largest = from.supernet->extract(space.largest());
  return {{"inherited", score(*model, prepared, facts.decoding, "extracted model").scores},
          {"supernet", score(*largest, prepared, facts.decoding, "supernet's largest").scores},
          {"parameters", mos::parameters(space, arch)},
          {"parameters_exact", nn::parameter_count(*model)}};
}

json Quickstart::finetune(bool again) {
  json config = plan_["finetune"];
  config["data"] = "../data";  // where they are, seen from the run
  config["model"] = "../inherited";
  FinetuneSettings settings = read_finetune_settings(config, "plan: finetune");
  settings.train.data = directory_ / "data";
  settings.model = directory_ / "inherited";
  const PreparedData prepared = data();
  Run run = open("finetune", "finetune", config, again);
  run.manifest(
      {{"command", "finetune"}, {"seed", settings.train.seed}, {"inputs", {{"data", prepared.hash()}}}});
  const json result = run_finetuning(run, settings, prepared);
  save_json(run.results() / "training.json", result);
  return result;
}

json Quickstart::translate() {
  const PreparedData prepared = data();
  const StaticModel model = open_model(directory_ / "finetune" / "model");
  const Evaluation result = score(*model.model, prepared, model.facts.decoding, "trained further");
  std::vector<std::string> references;
  for (const data::SentencePair& pair : test(prepared)) references.push_back(pair.target);
  data::write_lines(directory_ / "hypotheses.txt", result.hypotheses);
  data::write_lines(directory_ / "references.txt", references);
  return result.scores;
}

json Quickstart::samples() const {
  const std::vector<data::SentencePair> pairs = test(data());
  const std::vector<std::string> hypotheses = data::read_lines(directory_ / "hypotheses.txt");
  json out = json::array();
  const size_t count = std::min<size_t>(10, pairs.size());
  for (size_t i = 0; i < count; ++i) {
    const size_t at = i * pairs.size() / count;
    out.push_back(
        {{"source", pairs[at].source}, {"translation", hypotheses[at]}, {"reference", pairs[at].target}});
  }
  return out;
}

json Quickstart::facts() const {
  const auto pairs = [&](const char* split) { return prepared_["splits"][split]["pairs"].get<int64_t>(); };
  const json timing = load_json(directory_ / "latency.json")["measured"];
  return {
      {"pairs", pairs("train") + pairs("valid") + pairs("test")},
      {"train",
       path_text(directory_ / "data" / cat("train.", prepared_["source_language"].get<std::string>()))},
      {"train_pairs", pairs("train")},
      {"hypotheses", path_text(directory_ / "hypotheses.txt")},
      {"references", path_text(directory_ / "references.txt")},
      {"bleu_supernet", inherited_["supernet"]["sacrebleu"]},
      {"bleu_inherited", inherited_["inherited"]["sacrebleu"]},
      {"bleu_finetuned", translated_["sacrebleu"]},
      {"signature", translated_["signature"]},
      {"device", cat(timing["device"].get<std::string>(), " (", timing["processor"].get<std::string>(), ")")},
      {"latency_ms_limit", measured_["limit_ms"]},
      {"latency_ms_predicted", found_["latency_ms_predicted"]},
      {"latency_ms_measured", found_["latency_ms_measured"]},
      {"latency_ms_interval", found_["latency_ms_interval"]},
      {"parameters", inherited_["parameters"]},
      {"parameters_exact", inherited_["parameters_exact"]},
      {"arch", found_["best"]},
      {"model", path_text(directory_ / "finetune" / "model")},
      {"seconds", stages_.seconds()},
      {"report", path_text(directory_ / "report.html")}};
}

json Quickstart::run() {
  prepared_ = stages_.run("data", plan_["corpus"], [&](bool again) { return prepare(again); });
  trained_ = stages_.run("supernet", plan_["train"], [&](bool again) { return train(again); });
  measured_ = stages_.run("latency", plan_["latency"], [&](bool again) { return latency(again); });
  found_ = stages_.run("search", plan_["search"], [&](bool again) { return search(again); });
  inherited_ = stages_.run("extract", {{"test_pairs", plan_["test_pairs"]}}, [&](bool) { return extract(); });
  finetuned_ = stages_.run("finetune", plan_["finetune"], [&](bool again) { return finetune(again); });
  translated_ = stages_.run("translate", json::object(), [&](bool) { return translate(); });
  json out = facts();
  json kept = out;
  kept["samples"] = samples();
  kept["latency_points"] = measured_["points"];
  save_json(directory_ / "results" / "quickstart.json", kept);
  return out;
}

}  // namespace

json run_quickstart(const fs::path& directory, const json& plan, bool overwrite) {
  const Existing existing = overwrite ? Existing::overwrite : Existing::resume;
  Run run =
      Run::open(directory, plan,
                {.command = "quickstart", .existing = existing, .allow_changes = true, .may_change = {}});
  run.manifest({{"command", "quickstart"}, {"seed", plan["train"]["seed"]}});
  const json out = Quickstart(directory, plan).run();
  write_report(directory);
  return out;
}

}  // namespace mosaic::apps
