// mosaic search: the best architecture of a supernet under a limit.
#include "apps/commands/commands.h"
#include "apps/common/reports.h"
#include "apps/common/searching.h"

namespace mosaic::apps {
namespace {

struct SearchCommand {
  SearchSettings settings;
  std::filesystem::path run, data, out;
  std::vector<std::string> constraints;
  int64_t seed = 1;
  bool resume = false, force = false;
};

std::string latency_text(const json& result) {
  if (!result.contains("latency_ms_predicted") || result["latency_ms_predicted"].is_null()) return "";
  std::string text = cat(", predicted ", fixed(result["latency_ms_predicted"].get<double>(), 2), " ms");
  if (!result["latency_ms_measured"].is_null())
    text += cat(", measured ", fixed(result["latency_ms_measured"].get<double>(), 2), " ms (95 % ",
                fixed(result["latency_ms_interval"][0].get<double>(), 2), " to ",
                fixed(result["latency_ms_interval"][1].get<double>(), 2), ")");
  return text;
}

template <class Supernet, class Data>
json search_in(const SearchCommand& command, Supernet supernet, const Data& data) {
  const SearchSettings& settings = command.settings;
  check<FormatError>(data.vocabulary_hash() == supernet.vocabulary_hash(), command.data.c_str(),
                     "has another vocabulary than the supernet was trained with");
  json config = search_settings_json(settings);
  config["run"] = path_text(command.run);
  config["data"] = path_text(command.data);
  Run run = Run::open(command.out, config,
                      {.command = "search",
                       .existing = command.resume  ? Existing::resume
                                   : command.force ? Existing::overwrite
                                                   : Existing::refuse,
                       .may_change = {"iterations", "samples", "measurements"}});
  json inputs = {{"data", data.hash()}, {"supernet", supernet.hash}};
  if (!settings.predictor.empty()) inputs["predictor"] = file_facts(settings.predictor);
  run.manifest({{"command", "search"}, {"seed", settings.seed}, {"inputs", inputs}});
  json result = run_search(run, supernet, data, settings);
  write_report(run.directory());
  return result;
}

void tell(const SearchCommand& command, json result, const Program& program) {
  say("best: validation loss ", fixed(result["score"].get<double>(), 4), ", ",
      with_thousands(result["parameters"].get<int64_t>()), " parameters", latency_text(result), "; ",
      result["distinct"].get<int64_t>(), " architectures scored; ",
      (command.out / "results" / "best.json").string());
  result.erase("points");
  if (program.json)
    put_json(result);
  else
    put(result["best"].dump() + "\n");
}

void search(SearchCommand& command, const Program& program) {
  check<UsageError>(!command.resume || !command.force, "--resume", "and --force exclude each other");
  SearchSettings& settings = command.settings;
  settings.constraint = join(command.constraints, " and ");
  settings.seed = static_cast<uint64_t>(command.seed);
  nas::Constraint::parse(settings.constraint);
  const bool bert = supernet_kind(command.run) == "bert";
  const json result =
      bert
          ? search_in(command, open_super_bert(command.run, settings.checkpoint), open_mlm_data(command.data))
          : search_in(command, open_supernet(command.run, settings.checkpoint), open_data(command.data));
  tell(command, result, program);
}

}  // namespace

void declare_search(CLI::App& app, Program& program) {
  auto command = std::make_shared<SearchCommand>();
  SearchSettings& settings = command->settings;
  required(path_option(app, "--run", command->run, "The supernet's run directory"));
  required(path_option(app, "--data", command->data, "Data directory; its validation set is what is scored"));
  required(path_option(app, "-o,--out", command->out, "Run directory of the search"));
  texts_option(app, "--constraint", command->constraints,
               "As 'latency_ms<=40' or 'parameters<=5e6'; may be repeated");
  path_option(app, "--predictor", settings.predictor, "Latency predictor, for latency_ms");
  choice_option(app, "--method", settings.method, {"evolution", "random", "exhaustive"}, "How to search");
  choice_option(app, "--checkpoint", settings.checkpoint, {"best", "last", "average"},
                "Weights of the supernet");
  integer_option(app, "--iterations", settings.iterations, 0, 100000, "Evolution: rounds of offspring");
  integer_option(app, "--parents", settings.parents, 1, 100000, "Evolution: parents");
  integer_option(app, "--mutants", settings.mutants, 0, 100000, "Evolution: mutants a round");
  integer_option(app, "--children", settings.children, 0, 100000, "Evolution: children a round");
  number_option(app, "--mutation", settings.mutation, 0, 1,
                "Evolution: probability of a gene to be drawn anew");
  integer_option(app, "--samples", settings.samples, 1, 1000000, "Random: architectures");
  integer_option(app, "--valid-examples", settings.valid_examples, 0, INT64_MAX,
                 "Score on so many validation pairs or sequences, 0: all");
  integer_option(app, "--measurements", settings.measurements, 0, 10000, "Of the winner's latency");
  integer_option(app, "--seed", command->seed, 0, INT64_MAX, "Of the search");
  flag(app, "--resume", command->resume, "Go on with the search in the directory");
  flag(app, "--force", command->force, "Delete the search in the directory and begin anew");
  threads_option(app);
  device_option(app);
  json_flag(app, program);
  examples(app,
           {"mosaic search --run runs/neuron --data data --predictor latency.json \\",
            "    --constraint 'latency_ms<=40' --out runs/search",
            "mosaic search --run runs/bert --data text --method exhaustive --constraint 'parameters<=3e6' \\",
            "    --out runs/bert-search"});
  on_chosen(app, program, [command, &program] { search(*command, program); });
}

}  // namespace mosaic::apps
