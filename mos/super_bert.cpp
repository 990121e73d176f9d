#include "mos/super_bert.h"

#include <algorithm>

#include "engine/autograd/node.h"

namespace mosaic::mos {

namespace {

constexpr double router_deviation = 0.02;  // of the neuron-wise last layers
constexpr ExpertStart starts[] = {ExpertStart::by_space, ExpertStart::copies, ExpertStart::independent};

std::vector<BlockSizes> blocks_of_sizes(const BertArch& sizes) {
  std::vector<BlockSizes> blocks;
  for (size_t i = 0; i < sizes.layers.size(); ++i)
    blocks.push_back({cat("encoder.layers.", i, ".ffn"), sizes.layers[i].hidden, sizes.layers[i].ffn});
  return blocks;
}

}  // namespace

SuperBert::SuperBert(Space space, const Options& options)
    : SuperModel(std::move(space), options.mixture), options_(options) {
  const BertArch sizes = super_bert_arch(this->space());
  full_ = std::make_unique<nn::Bert>(config_of(sizes));
  make_blocks(blocks_of_sizes(sizes),
              {.copies = copies_experts(), .router_out = nn::Init::normal(router_deviation)});
}

SuperBert::SuperBert(Space space, const Options& options, const Generator& init)
    : SuperBert(std::move(space), options) {
  make_values(init);
}

bool SuperBert::copies_experts() const {
  if (options_.expert_start == ExpertStart::by_space) return super_bert_arch(space()).bottlenecks;
  return options_.expert_start == ExpertStart::copies;
}

BertTables SuperBert::tables() const {
  return {.vocabulary = options_.vocabulary, .positions = options_.positions, .types = options_.types};
}

std::vector<BlockSizes> SuperBert::blocks_of(const Arch& arch) const {
  return blocks_of_sizes(bert_arch(space(), arch));
}

nn::BertConfig SuperBert::model_config(const Arch& arch) const {
  return config_of(bert_arch(space(), arch));
}

nn::BertConfig SuperBert::config_of(const BertArch& sizes) const {
  nn::BertConfig config;
  config.vocabulary = options_.vocabulary;
  config.positions = options_.positions;
  config.types = options_.types;
  config.padding = options_.padding;
  config.width = sizes.stream;
  config.bottlenecks = sizes.bottlenecks;
  for (const auto& [hidden, heads, ffn] : sizes.layers)
    config.layers.push_back({.hidden = hidden, .heads = heads, .ffn = ffn});
  config.initializer_range = options_.initializer_range;
  config.dropout = options_.dropout;
  config.attention_dropout = options_.attention_dropout;
  if (options_.scale_dropout)
    for (const BertArch::Layer& layer : super_bert_arch(space()).layers)
      config.super_heads = std::max(config.super_heads, layer.heads);
  return config;
}

BertSelection SuperBert::select(const Arch& arch, const nn::Context& context) {
  return select(arch, mixing(arch, arch, context));
}

BertSelection SuperBert::select(const Arch& arch, const Mixing& mixing) {
  auto model = std::make_unique<nn::Bert>(model_config(arch));
  Cuts cuts = fill(*model, arch, mixing);
  return BertSelection(arch, std::move(model), std::move(cuts));
}

std::unique_ptr<nn::Bert> SuperBert::extract(const Arch& arch) {
  const NoGrad quiet;
  BertSelection selection = select(arch);
  auto model = std::make_unique<nn::Bert>(model_config(arch));
  copy_parameters(selection.model(), *model);
  return model;
}

std::string SuperBert::describe() const {
  const MixtureOptions& m = mixture();
  return cat("SuperBert of space ", space().name(), ", ", routing_name(m.routing), " mixture, ", m.experts,
             m.experts == 1 ? " expert" : " experts");
}

json SuperBert::to_json() const {
  const Options& o = options_;
  return {{"format", "mosaic-super-bert"},
          {"version", 1},
          {"space", space().to_json()},
          {"space_hash", space().hash()},
          {"vocabulary", o.vocabulary},
          {"positions", o.positions},
          {"types", o.types},
          {"padding", o.padding},
          {"mixture", mixture_json(o.mixture)},
          {"expert_start", expert_start_name(o.expert_start)},
          {"dropout", o.dropout},
          {"attention_dropout", o.attention_dropout},
          {"scale_dropout", o.scale_dropout},
          {"initializer_range", o.initializer_range}};
}

std::unique_ptr<SuperBert> SuperBert::from_json(const json& value, const std::string& where) {
  constexpr int64_t most = 1 << 24;
  Fields fields(value, where);
  fields.one_of("format", {"mosaic-super-bert"});
  fields.integer("version", 1, 1);
  Space space = Space::from_json(fields.object("space"), where + ": space");
  check<FormatError>(space.model() == "bert", where.c_str(), "space \"", space.name(), "\" is a ",
                     space.model(), " space");
  const std::string hash = fields.text("space_hash");
  check<FormatError>(hash == space.hash(), where.c_str(), "space_hash is ", hash,
                     ", the space beside it has ", space.hash());
  Options o;
  o.vocabulary = fields.integer("vocabulary", 1, most);
  o.positions = fields.integer("positions", 1, most);
  o.types = fields.integer("types", 1, most);
  o.padding = fields.integer("padding", 0, o.vocabulary - 1);
  o.mixture = mixture_from_json(fields.object("mixture"), where + ": mixture");
  o.expert_start = expert_start_named(fields.one_of("expert_start", {"by-space", "copies", "independent"}));
  o.dropout = fields.number("dropout", 0, 0.999);
  o.attention_dropout = fields.number("attention_dropout", 0, 0.999);
  o.scale_dropout = fields.boolean("scale_dropout");
  o.initializer_range = fields.number_or("initializer_range", o.initializer_range, 0, 1);
  fields.finish();
  return std::make_unique<SuperBert>(std::move(space), o);
}

std::unique_ptr<nn::Bert> extract_average(const SuperBert& like, const Arch& arch,
                                          const std::vector<nn::StateDict>& states) {
  SuperBert scratch(like.space(), like.options());
  return average_extracted(scratch, arch, states);
}

const char* expert_start_name(ExpertStart start) {
  switch (start) {
    case ExpertStart::copies:
      return "copies";
    case ExpertStart::independent:
      return "independent";
    default:
      return "by-space";
  }
}

ExpertStart expert_start_named(const std::string& name) {
  for (const ExpertStart start : starts)
    if (name == expert_start_name(start)) return start;
  throw ArgumentError("expert_start", "\"" + name + "\" is not one of by-space, copies, independent");
}

}  // namespace mosaic::mos
