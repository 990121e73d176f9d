#include "apps/common/settings.h"

#include "apps/common/mlm_data.h"
#include "apps/common/text.h"

namespace mosaic::apps {
namespace {

constexpr int64_t most = int64_t{1} << 40;
constexpr const char* no_data =
    "\"data\" is needed: the directory that mosaic data prepare or mosaic data mlm made (--data DIR)";

void read_model(Fields& fields, TrainSettings& settings) {
  settings.standalone = fields.one_of("kind", {"supernet", "standalone"}) == "standalone";
  settings.space = space_from(fields.any("space"), fields.where() + ".space");
  const json& arch = fields.any("arch");
  if (settings.standalone) settings.arch = arch_from(settings.space, arch, fields.where() + ".arch");
  const bool bert = settings.task == Task::masked_lm;
  check<FormatError>(settings.space.model() == (bert ? "bert" : "seq2seq"), fields.where().c_str(),
                     "space \"", settings.space.name(), "\" describes no ",
                     bert ? "BERT" : "translation model", ", which the data is for");
  settings.mixture = mos::mixture_from_json(fields.object("mixture"), fields.where() + ".mixture");
  check<FormatError>(
      !settings.standalone || !settings.mixture.on(), fields.where().c_str(),
      "a standalone model has no mixture: set mixture.routing to \"none\" and mixture.experts to 1");
  settings.dropout = fields.number("dropout", 0, 0.999);
  settings.attention_dropout = fields.number("attention_dropout", 0, 0.999);
  settings.scale_dropout = fields.boolean("scale_dropout");
  if (bert) {
    settings.expert_start =
        mos::expert_start_named(fields.one_of("expert_start", {"by-space", "copies", "independent"}));
    settings.initializer_range = fields.number("initializer_range", 1e-6, 1);
    settings.init = fields.text("init");
  } else {
    settings.activation_dropout = fields.number("activation_dropout", 0, 0.999);
    settings.joined_vocabulary = fields.boolean("joined_vocabulary");
  }
  fields.finish();
}

void read_sampling(Fields& fields, TrainSettings& settings) {
  const std::string policy = fields.one_of("policy", {"single", "sandwich"});
  settings.sampling.policy = nas::policy_named(policy);
  settings.sampling.random = fields.integer("random", 1, 64);
  settings.sampling.extremes =
      fields.one_of("extremes", {"exact", "hat"}) == "hat" ? mos::Extremes::hat : mos::Extremes::exact;
  settings.target.validation_random = fields.integer("validation_random", 0, 1000);
  settings.target.router_lr_scale = fields.number("router_lr_scale", 0, 1e6);
  if (const json& eps = fields.any("router_eps"); !eps.is_null())
    settings.target.router_eps = fields.number("router_eps", 0, 1);
  fields.finish();
}

void read_optimizer(Fields& fields, nas::TrainerOptions& trainer) {
  trainer.adam.beta1 = fields.number("beta1", 0, 0.999999);
  trainer.adam.beta2 = fields.number("beta2", 0, 0.999999);
  trainer.adam.eps = fields.number("eps", 0, 1);
  trainer.adam.weight_decay = fields.number("weight_decay", 0, 1e3);
  trainer.adam.decoupled = fields.boolean("decoupled");
  trainer.adam.skip_without_grad = fields.boolean("skip_without_grad");
  trainer.decay_matrices_only = fields.boolean("decay_matrices_only");
  fields.finish();
}

void read_training(Fields& fields, TrainSettings& settings) {
  nas::TrainerOptions& trainer = settings.trainer;
  trainer.max_updates = fields.integer("updates", 1, most);
  trainer.max_seconds = fields.number("max_seconds", 0, 1e9);
  if (settings.task == Task::translation)
    settings.tokens_per_update = fields.integer("tokens_per_update", 0, most);
  trainer.label_smoothing = fields.number("label_smoothing", 0, 0.999);
  trainer.clip_norm = fields.number("clip_norm", 0, 1e9);
  trainer.sum_passes = fields.boolean("sum_passes");
  trainer.distill_weight = fields.number("distill_weight", 0, 1);
  trainer.distill_temperature = fields.number("distill_temperature", 1e-3, 1e3);
  Fields adam(fields.object("adam"), fields.where() + ".adam");
  read_optimizer(adam, trainer);
  // A schedule that ends does so with the training, unless it says when.
  json schedule = fields.object("schedule");
  const bool ends = nn::Schedule::ends(schedule.value("shape", ""));
  if (ends && schedule.value("total_updates", json(0)) == 0) schedule["total_updates"] = trainer.max_updates;
  trainer.schedule = nn::Schedule::from_json(schedule, fields.where() + ".schedule");
  check<FormatError>(trainer.schedule.peak > 0, fields.where().c_str(), "schedule.peak must be more than 0");
  trainer.schedule_by_time = fields.boolean("schedule_by_time");
  check<FormatError>(!trainer.schedule_by_time || (ends && trainer.max_seconds > 0), fields.where().c_str(),
                     "schedule_by_time needs max_seconds (--max-time) and a schedule that ends");
  trainer.log_every = fields.integer("log_every", 0, most);
  trainer.validate_every = fields.integer("validate_every", 0, most);
  trainer.save_every = fields.integer("save_every", 0, most);
  trainer.keep = fields.integer("keep", 1, 10000);
  trainer.patience = fields.integer("patience", 0, most);
  trainer.best_by_smallest = fields.boolean("best_by_smallest");
  const std::string precision = fields.one_of("precision", {"f32", "bf16", "f16"});
  trainer.precision = precision == "bf16" ? bf16 : precision == "f16" ? f16 : f32;
  trainer.recompute = fields.boolean("recompute");
  settings.average = fields.integer("average", 1, 10000);
  check<FormatError>(settings.average <= trainer.keep, fields.where().c_str(), "average ", settings.average,
                     " needs as many checkpoints kept, keep is ", trainer.keep);
  fields.finish();
}

void read_batches(Fields& fields, TrainSettings& settings) {
  settings.batches.max_tokens = fields.integer("max_tokens", 1, most);
  settings.batches.max_rows = fields.integer("max_rows", 0, most);
  settings.batches.row_multiple = fields.integer("row_multiple", 1, 4096);
  settings.batches.max_positions = fields.integer("max_positions", 2, 1 << 20);
  settings.batches.drop_long = fields.boolean("drop_long");
  settings.valid_examples = fields.integer("valid_pairs", 0, most);
  fields.finish();
}

void read_mlm_batches(Fields& fields, TrainSettings& settings) {
  settings.rows = fields.integer("rows", 1, 1 << 20);
  settings.rows_per_update = fields.integer("rows_per_update", 0, most);
  settings.valid_examples = fields.integer("valid_sequences", 0, most);
  fields.finish();
}

void read_masking(Fields& fields, TrainSettings& settings) {
  data::MaskingOptions& masking = settings.masking;
  masking.share = fields.number("share", 1e-6, 1);
  masking.masked = fields.number("masked", 0, 1);
  masking.replaced = fields.number("replaced", 0, 1);
  check<FormatError>(masking.masked + masking.replaced <= 1, fields.where().c_str(),
                     "masked and replaced must add up to 1 at most, got ", masking.masked, " and ",
                     masking.replaced);
  masking.count = fields.one_of("count", {"exact", "independent"}) == "exact" ? data::MaskCount::exact
                                                                              : data::MaskCount::independent;
  masking.whole_words = fields.boolean("whole_words");
  masking.seed = settings.seed;
  fields.finish();
}

void read_decoding(Fields& fields, DecodingSettings& decoding) {
  decoding.beam = fields.integer("beam", 1, 1000);
  decoding.length_penalty = fields.number("length_penalty", -10, 10);
  decoding.max_length = fields.integer("max_length", 1, 1 << 20);
  decoding.source_factor = fields.number("source_factor", 0, 100);
  fields.finish();
}

json default_training(Task task) {
  json training = parse_json(R"({
    "updates": 1000, "max_seconds": 0, "schedule_by_time": false, "tokens_per_update": 0, "label_smoothing": 0.1,
    "clip_norm": 0, "sum_passes": false, "distill_weight": 0, "distill_temperature": 1,
    "adam": {"beta1": 0.9, "beta2": 0.98, "eps": 1e-8, "weight_decay": 0, "decoupled": true,
             "skip_without_grad": false, "decay_matrices_only": false},
    "schedule": {"shape": "inverse_sqrt", "peak": 0.002, "warmup_updates": 400, "warmup_start": 1e-7, "end": 0,
                 "total_updates": 0},
    "log_every": 50, "validate_every": 500, "save_every": 0, "keep": 10, "patience": 0,
    "best_by_smallest": false, "average": 1, "precision": "f32", "recompute": false
  })",
                             "defaults");
  if (task == Task::translation) return training;
  training.erase("tokens_per_update");  // sequences are of one length: batches.rows_per_update says it
  training["label_smoothing"] = 0;
  training["sum_passes"] = true;
  training["adam"]["weight_decay"] = 0.01;
  training["adam"]["decay_matrices_only"] = true;
  training["schedule"] = {{"shape", "linear"}, {"peak", 5e-4}, {"warmup_updates", 100},
                          {"warmup_start", 0}, {"end", 0},     {"total_updates", 0}};
  return training;
}

json default_batches(Task task) {
  if (task == Task::masked_lm) return {{"rows", 32}, {"rows_per_update", 0}, {"valid_sequences", 0}};
  return parse_json(R"({"max_tokens": 4096, "max_rows": 0, "row_multiple": 8, "max_positions": 1024,
                        "drop_long": true, "valid_pairs": 0})",
                    "defaults");
}

json default_masking() {
  return {{"share", 0.15}, {"masked", 0.8}, {"replaced", 0.1}, {"count", "exact"}, {"whole_words", false}};
}

void read_common(Fields& fields, TrainSettings& settings, const std::string& where) {
  fields.one_of("task", {task_name(settings.task)});
  settings.data = fields.text("data");
  check<FormatError>(!settings.data.empty(), where.c_str(), no_data);
  settings.seed = static_cast<uint64_t>(fields.integer("seed", 0));
  const auto inside = [&](const char* key) { return Fields(fields.object(key), cat(where, ": ", key)); };
  Fields training = inside("training"), batches = inside("batches");
  read_training(training, settings);
  if (settings.task == Task::masked_lm) {
    Fields masking = inside("masking");
    read_mlm_batches(batches, settings);
    read_masking(masking, settings);
  } else {
    Fields decoding = inside("decoding");
    read_batches(batches, settings);
    read_decoding(decoding, settings.decoding);
  }
  settings.sampling.seed = settings.seed;
  settings.trainer.seed = settings.seed;
}

}  // namespace

const char* task_name(Task task) {
  return task == Task::translation ? "translation" : "masked-lm";
}

Task task_named(const std::string& name, const std::string& where) {
  for (const Task task : {Task::translation, Task::masked_lm})
    if (name == task_name(task)) return task;
  throw FormatError(where, cat("the task must be translation or masked-lm, got ", name));
}

Task task_of_data(const std::filesystem::path& data) {
  return data_kind(data) == "mlm" ? Task::masked_lm : Task::translation;
}

json default_settings(Task task) {
  json config = parse_json(R"({
    "data": "",
    "seed": 1,
    "model": {
      "kind": "supernet",
      "space": "quickstart",
      "arch": "largest",
      "mixture": {"routing": "neuron-wise", "experts": 2, "router_hidden": 128, "router_dropout": 0,
                  "encoding": "coarse", "fixed_input": false, "init_scale": 1},
      "dropout": 0.3, "attention_dropout": 0, "scale_dropout": true
    },
    "sampling": {"policy": "sandwich", "random": 1, "extremes": "exact", "validation_random": 4,
                 "router_lr_scale": 1, "router_eps": null}
  })",
                           "defaults");
  config["task"] = task_name(task);
  json& model = config["model"];
  if (task == Task::translation) {
    model["activation_dropout"] = 0;
    model["joined_vocabulary"] = true;
    config["decoding"] = decoding_json({});
  } else {
    model["space"] = "bert-bottleneck-tiny";
    model["dropout"] = 0;
    model["attention_dropout"] = 0.1;
    model["expert_start"] = "by-space";
    model["initializer_range"] = 0.02;
    model["init"] = "";
    config["masking"] = default_masking();
  }
  config["training"] = default_training(task);
  config["batches"] = default_batches(task);
  return config;
}

TrainSettings read_settings(const json& config, const std::string& where, Task task) {
  Fields fields(config, where);
  TrainSettings settings;
  settings.task = task;
  Fields model(fields.object("model"), where + ": model"),
      sampling(fields.object("sampling"), where + ": sampling");
  read_common(fields, settings, where);
  read_model(model, settings);
  read_sampling(sampling, settings);
  fields.finish();
  return settings;
}

json default_finetune_settings(Task task) {
  json config = {{"task", task_name(task)}, {"model", ""}, {"data", ""}, {"seed", 1}, {"dropout", -1},
                 {"attention_dropout", -1}};
  config["training"] = default_training(task);
  config["training"]["schedule"] = {{"shape", "linear"}, {"peak", 3e-4}, {"warmup_updates", 0},
                                    {"warmup_start", 0}, {"end", 0},     {"total_updates", 0}};
  config["training"]["validate_every"] = 200;
  config["batches"] = default_batches(task);
  if (task == Task::translation) {
    config["activation_dropout"] = -1;
    config["decoding"] = decoding_json({});
  } else {
    config["masking"] = default_masking();
  }
  return config;
}

FinetuneSettings read_finetune_settings(const json& config, const std::string& where, Task task) {
  Fields fields(config, where);
  FinetuneSettings settings;
  settings.train.task = task;
  settings.model = fields.text("model");
  check<FormatError>(!settings.model.empty(), where.c_str(),
                     "\"model\" is needed: an extracted model's directory (--model DIR)");
  read_common(fields, settings.train, where);
  settings.train.dropout = fields.number("dropout", -1, 0.999);
  settings.train.attention_dropout = fields.number("attention_dropout", -1, 0.999);
  if (task == Task::translation)
    settings.train.activation_dropout = fields.number("activation_dropout", -1, 0.999);
  fields.finish();
  return settings;
}

json decoding_json(const DecodingSettings& decoding) {
  return {{"beam", decoding.beam},
          {"length_penalty", decoding.length_penalty},
          {"max_length", decoding.max_length},
          {"source_factor", decoding.source_factor}};
}

std::vector<std::string> method_names() {
  return {"neuron-wise", "layer-wise", "fixed-input", "init-matched", "sandwich", "hat", "standalone"};
}

json method_settings(const std::string& method) {
  const auto with = [](const json& mixture, const char* policy, const char* kind = "supernet") {
    return json{{"model", {{"kind", kind}, {"mixture", mixture}}}, {"sampling", {{"policy", policy}}}};
  };
  const json none = {{"routing", "none"}, {"experts", 1}, {"fixed_input", false}, {"init_scale", 1}};
  json matched = none;
  matched["init_scale"] = 0.70710678118654757;  // two independent experts mixed evenly start at this scale
  const json neuron = {{"routing", "neuron-wise"}, {"experts", 2}, {"fixed_input", false}};
  const json layer = {{"routing", "layer-wise"}, {"experts", 2}, {"fixed_input", false}};
  json fixed_input = neuron;
  fixed_input["fixed_input"] = true;
  if (method == "neuron-wise") return with(neuron, "sandwich");
  if (method == "layer-wise") return with(layer, "sandwich");
  if (method == "fixed-input") return with(fixed_input, "sandwich");
  if (method == "init-matched") return with(matched, "sandwich");
  if (method == "sandwich") return with(none, "sandwich");
  if (method == "hat") return with(none, "single");
  if (method == "standalone") return with(none, "sandwich", "standalone");
  const std::string near = nearest(method, method_names());
  throw UsageError("--method", cat("\"", method, "\" is not one of ", join(method_names(), ", "),
                                   near.empty() ? "" : "; did you mean " + near + "?"));
}

mos::Arch arch_from(const mos::Space& space, const json& value, const std::string& where) {
  if (value.is_object()) return space.parse(value, where);
  check<FormatError>(value.is_string(), where.c_str(),
                     "must be \"largest\", \"smallest\", a file's path or an object, got ", value.dump());
  const std::string text = value.get<std::string>();
  if (text == "largest") return space.largest();
  if (text == "smallest") return space.smallest();
  return mos::load_arch(space, text);
}

mos::Space space_from(const json& value, const std::string& where) {
  if (value.is_object()) return mos::Space::from_json(value, where);
  check<FormatError>(value.is_string(), where.c_str(),
                     "must be a space's name, a file's path or an object, got ", value.dump());
  return mos::space_named(value.get<std::string>());
}

}  // namespace mosaic::apps
