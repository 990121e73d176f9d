// Which mixture a supernet holds in its feed-forward blocks, as data.
#pragma once

#include <string>

#include "mos/cost.h"
#include "mos/encoding.h"

namespace mosaic::mos {

// The methods of the comparison as combinations of these:
//   HAT, sandwich            routing none, one expert (they differ in how architectures are drawn)
//   layer-wise, neuron-wise  routing per_layer or per_neuron, two experts
//   fixed-input control      the same with fixed_input: capacity and routers without the architecture
//   init-matched control     routing none with init_scale 1/sqrt(2): two independent experts mixed evenly
//   start
//                            the blocks at that scale
struct MixtureOptions {
  Routing routing = Routing::none;
  int64_t experts = 1;
  int64_t router_hidden = 128;
  double router_dropout = 0;  // after the router's ReLU, in training
  Encoding encoding = Encoding::coarse;
  bool fixed_input = false;  // routers are given 0.5 everywhere instead of the architecture's encoding
  double init_scale = 1;     // multiplies the initial feed-forward weights

  bool on() const { return routing != Routing::none; }
  bool operator==(const MixtureOptions&) const = default;
};

// ArgumentError unless the options make sense together (no mixture has one expert, a mixture at least two).
void check_mixture(const MixtureOptions& options);

// What parameter counting needs to know.
Mixture counted(const Space& space, const MixtureOptions& options);

// {"routing": "none" | "layer-wise" | "neuron-wise", "experts": 2, ...}; FormatError names `where` and the
// key.
json mixture_json(const MixtureOptions& options);
MixtureOptions mixture_from_json(const json& value, const std::string& where);

const char* routing_name(Routing routing);
Routing routing_named(const std::string& name);  // ArgumentError for another word

}  // namespace mosaic::mos
