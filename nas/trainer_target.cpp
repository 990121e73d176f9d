#include "nas/trainer_target.h"

namespace mosaic::nas {

namespace {

template <class Model>
class ModelPass final : public Pass {
 public:
  explicit ModelPass(Model& model) : model_(model) {}
  nn::BatchLoss loss(const nn::Batch& batch, const nn::LossOptions& options,
                     const nn::Context& context) override {
    return nn::batch_loss(model_, batch, options, context);
  }

 private:
  Model& model_;
};

template <class Selection>
class SuperPass final : public Pass {
 public:
  explicit SuperPass(Selection selection) : selection_(std::move(selection)) {}
  nn::BatchLoss loss(const nn::Batch& batch, const nn::LossOptions& options,
                     const nn::Context& context) override {
    return nn::batch_loss(selection_.model(), batch, options, context);
  }
  void finish() override { selection_.finish(); }

 private:
  Selection selection_;
};

}  // namespace

std::vector<nn::ParameterGroup> TrainTarget::groups() {
  std::vector<nn::ParameterGroup> groups(1);
  groups[0].parameters = nn::named_parameters(module());
  return groups;
}

template <class Model>
std::unique_ptr<Pass> ModelTarget<Model>::open(const PassEntry&, const nn::Context&) {
  return std::make_unique<ModelPass<Model>>(model_);
}

template <class Super>
SuperTarget<Super>::SuperTarget(Super& supernet, Sampler sampler, const Options& options)
    : supernet_(supernet), sampler_(std::move(sampler)), options_(options) {
  check(sampler_.space().hash() == supernet_.space().hash(), "SuperTarget", "the sampler draws from space ",
        sampler_.space().name(), ", the supernet is of space ", supernet_.space().name());
  check(options_.validation_random >= 0 && options_.router_lr_scale >= 0, "SuperTarget",
        "validation_random and router_lr_scale must not be negative");
}

template <class Super>
std::vector<nn::ParameterGroup> SuperTarget<Super>::groups() {
  std::vector<nn::ParameterGroup> groups(2);
  groups[1].lr_scale = options_.router_lr_scale;
  groups[1].eps = options_.router_eps;
  groups[1].weight_decay = 0;
  for (nn::NamedTensor& p : nn::named_parameters(supernet_))
    groups[p.name.starts_with(mos::SuperModel::router_prefix) ? 1 : 0].parameters.push_back(std::move(p));
  if (groups[1].parameters.empty()) groups.pop_back();
  return groups;
}

template <class Super>
std::vector<PassEntry> SuperTarget<Super>::passes(int64_t update) const {
  const Sampler::Options& o = sampler_.options();
  std::vector<PassEntry> entries;
  for (mos::Arch& arch : sampler_.draw(update)) {
    const auto drawn = static_cast<int64_t>(entries.size());
    const char* kind = o.policy == Policy::pinned ? "pinned"
                       : drawn < o.random         ? "random"
                       : drawn == o.random        ? "largest"
                                                  : "smallest";
    entries.push_back({.kind = kind, .arch = std::move(arch)});
  }
  return entries;
}

template <class Super>
std::vector<PassEntry> SuperTarget<Super>::validation() const {
  const Sampler::Options& o = sampler_.options();
  if (o.policy == Policy::pinned) return {{.kind = "pinned", .arch = o.pinned}};
  std::vector<PassEntry> entries{{.kind = "largest", .arch = sampler_.space().largest(o.extremes)},
                                 {.kind = "smallest", .arch = sampler_.space().smallest(o.extremes)}};
  for (mos::Arch& arch : sampler_.fixed_set(options_.validation_random))
    entries.push_back({.kind = "random", .arch = std::move(arch)});
  return entries;
}

template <class Super>
std::unique_ptr<Pass> SuperTarget<Super>::open(const PassEntry& entry, const nn::Context& context) {
  auto selection = supernet_.select(entry.arch, context);
  return std::make_unique<SuperPass<decltype(selection)>>(std::move(selection));
}

template <class Super>
json SuperTarget<Super>::describe() const {
  const Sampler::Options& o = sampler_.options();
  json value{{"kind", "supernet"},
             {"supernet", supernet_.to_json()},
             {"policy", policy_name(o.policy)},
             {"random", o.random},
             {"extremes", o.extremes == mos::Extremes::hat ? "hat" : "exact"},
             {"seed", o.seed},
             {"router_lr_scale", options_.router_lr_scale}};
  if (options_.router_eps) value["router_eps"] = *options_.router_eps;
  if (o.policy == Policy::pinned) value["arch"] = o.pinned.to_json();
  return value;
}

template class ModelTarget<nn::Seq2Seq>;
template class ModelTarget<nn::Bert>;
template class SuperTarget<mos::Supernet>;
template class SuperTarget<mos::SuperBert>;

}  // namespace mosaic::nas
