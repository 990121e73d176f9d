#include "mos/super_model.h"

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"
#include "nn/train/average.h"

namespace mosaic::mos {

SuperModel::SuperModel(Space space, const MixtureOptions& mixture)
    : space_(std::move(space)), mixture_(mixture) {
  check_mixture(mixture);
}

void SuperModel::make_blocks(const std::vector<BlockSizes>& sizes, const Start& start) {
  copies_ = start.copies;
  blocks_ = MixedBlocks(sizes, {.mixture = mixture_,
                                .encoding = encoding_size(space_, mixture_.encoding),
                                .copies = start.copies,
                                .router_out = start.router_out});
}

void SuperModel::make_values(const Generator& init) {
  nn::initialise(*this, init);
  blocks_.initialise(full(), init);
}

std::vector<double> SuperModel::router_input(const Arch& arch) const {
  const Encoding encoding = mixture_.encoding;
  if (mixture_.fixed_input)
    return std::vector<double>(static_cast<size_t>(encoding_size(space_, encoding)), 0.5);
  return encode(space_, arch, encoding);
}

Mixing SuperModel::mixing(const Arch& arch, const Arch& routed_as, const nn::Context& context) {
  return blocks_.mixing(blocks_of(arch), router_input(routed_as), context);
}

Cuts SuperModel::fill(nn::Module& model, const Arch& arch, const Mixing& mixing) {
  Cuts cuts;
  const std::map<std::string, Tensor> mixed = blocks_.mix(blocks_of(arch), mixing, cuts);
  std::map<std::string, Tensor> plain;
  nn::for_each_parameter(full(), [&](const nn::Slot& slot) {
    if (slot.tensor.defined()) plain[slot.name] = slot.tensor;
  });
  nn::assign_parameters(model, [&](const std::string& name, const Shape& shape) {
    if (const auto found = mixed.find(name); found != mixed.end()) return found->second;
    const auto found = plain.find(name);
    check<ArgumentError>(found != plain.end(), "select", "the supernet has no parameter ", name);
    return found->second.shape() == shape ? found->second : leading(found->second, shape);
  });
  return cuts;
}

std::vector<std::string> SuperModel::start_from(const nn::StateDict& plain) {
  const NoGrad quiet;
  std::vector<std::string> missing;
  std::vector<std::pair<Tensor, Tensor>> copies;  // to, from
  nn::for_each_parameter(full(), [&](const nn::Slot& slot) {
    const auto found = plain.find(slot.name);
    if (found == plain.end()) return missing.push_back(slot.name);
    const Tensor& from = found->second;
    check<ShapeError>(from.shape() == slot.shape, "start_from", slot.name, " must be ", slot.shape,
                      ", was given ", from.shape());
    const size_t dot = slot.name.rfind('.');
    const ExpertStack* stack = blocks_.stack_of(slot.name.substr(0, dot));
    const Tensor to = !stack ? slot.tensor : slot.name.ends_with("bias") ? stack->bias : stack->weight;
    check<ArgumentError>(to.defined(), "start_from", slot.name, " has no value yet: initialise first");
    check<DtypeError>(to.dtype() == from.dtype(), "start_from", slot.name, " must be ", to.dtype(),
                      ", was given ", from.dtype());
    if (!stack) return copies.emplace_back(to.detach(), from.detach()), void();
    for (int64_t i = 0; i < (copies_ ? to.dim(0) : 1); ++i)
      copies.emplace_back(squeeze(slice(to.detach(), 0, i, i + 1), 0), from.detach());
  });
  for (const auto& [to, from] : copies) copy_(to, from);
  return missing;
}

void copy_parameters(nn::Module& from, nn::Module& to) {
  std::map<std::string, Tensor> parts;
  nn::for_each_parameter(from, [&](const nn::Slot& slot) { parts[slot.name] = slot.tensor; });
  nn::assign_parameters(to, [&](const std::string& name, const Shape& shape) {
    Tensor copy = Tensor::empty(shape, parts.at(name).dtype(), parts.at(name).device());
    copy_(copy, parts.at(name).detach());
    copy.track().named(name);
    return copy;
  });
}

void load_average(nn::Module& model, const std::vector<nn::StateDict>& extracted) {
  nn::load(model, nn::average(extracted));
}

}  // namespace mosaic::mos
