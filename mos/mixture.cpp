#include "mos/mixture.h"

#include "engine/core/error.h"

namespace mosaic::mos {

void check_mixture(const MixtureOptions& o) {
  check(o.on() ? o.experts >= 2 : o.experts == 1, "mixture", "routing ", routing_name(o.routing), " with ",
        o.experts, " experts: no mixture has 1, layer-wise and neuron-wise ones have 2 or more");
  check(o.router_hidden >= 1, "mixture", "router_hidden must be at least 1, got ", o.router_hidden);
  check(o.router_dropout >= 0 && o.router_dropout < 1, "mixture", "router_dropout must be in [0, 1), got ",
        o.router_dropout);
  check(o.init_scale > 0, "mixture", "init_scale must be positive, got ", o.init_scale);
}

Mixture counted(const Space& space, const MixtureOptions& options) {
  return {.experts = options.experts,
          .routing = options.routing,
          .router_hidden = options.router_hidden,
          .encoding = encoding_size(space, options.encoding)};
}

json mixture_json(const MixtureOptions& o) {
  return {{"routing", routing_name(o.routing)},
          {"experts", o.experts},
          {"router_hidden", o.router_hidden},
          {"router_dropout", o.router_dropout},
          {"encoding", encoding_name(o.encoding)},
          {"fixed_input", o.fixed_input},
          {"init_scale", o.init_scale}};
}

MixtureOptions mixture_from_json(const json& value, const std::string& where) {
  Fields fields(value, where);
  MixtureOptions o;
  o.routing = routing_named(fields.one_of("routing", {"none", "layer-wise", "neuron-wise"}));
  o.experts = fields.integer_or("experts", o.on() ? 2 : 1, 1, 1024);
  o.router_hidden = fields.integer_or("router_hidden", o.router_hidden, 1, 1 << 20);
  o.router_dropout = fields.number_or("router_dropout", o.router_dropout, 0, 0.999);
  if (fields.has("encoding")) o.encoding = encoding_named(fields.one_of("encoding", {"coarse", "fine"}));
  o.fixed_input = fields.boolean_or("fixed_input", o.fixed_input);
  o.init_scale = fields.number_or("init_scale", o.init_scale, 1e-6, 1e6);
  fields.finish();
  check<FormatError>(o.on() == (o.experts > 1), where.c_str(), "routing ", routing_name(o.routing), " with ",
                     o.experts, " experts: no mixture has 1, layer-wise and neuron-wise ones have 2 or more");
  return o;
}

const char* routing_name(Routing routing) {
  switch (routing) {
    case Routing::per_layer:
      return "layer-wise";
    case Routing::per_neuron:
      return "neuron-wise";
    default:
      return "none";
  }
}

Routing routing_named(const std::string& name) {
  for (const Routing routing : {Routing::none, Routing::per_layer, Routing::per_neuron})
    if (name == routing_name(routing)) return routing;
  throw ArgumentError("routing", "\"" + name + "\" is not one of none, layer-wise, neuron-wise");
}

}  // namespace mosaic::mos
