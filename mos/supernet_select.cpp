// select, extract and the mixing between them: how one architecture's model comes out of the shared weights.
#include "engine/autograd/node.h"
#include "engine/ops/ops.h"
#include "mos/supernet.h"
#include "nn/train/average.h"

namespace mosaic::mos {

namespace {

// The architecture's part of a mixed matrix: {out, in} and {out}.
struct Mixed {
  Tensor weight, bias;
};

Mixed mix(const Tensor& alpha, const Supernet::ExpertStack& stack, int64_t out, int64_t in) {
  const int64_t experts = stack.weight.dim(0);
  return {mix_experts(alpha, leading(stack.weight, {experts, out, in})),
          mix_experts(alpha, leading(stack.bias, {experts, out}))};
}

}  // namespace

void Selection::finish() {
  check<GradError>(!finished_, "Selection", "finish() was called twice");
  finished_ = true;
  std::vector<Tensor> outputs, seeds;
  for (const Cut& cut : cuts_) {
    if (!cut.leaf.has_grad()) continue;
    outputs.push_back(cut.mixed);
    seeds.push_back(cut.leaf.grad());
  }
  cuts_.clear();
  if (!outputs.empty()) backward(outputs, seeds);
}

Mixing Supernet::mixing(const Arch& arch, const Arch& routed_as, const nn::Context& context) {
  const TranslationArch sizes = translation(space_, arch);
  const std::vector<double> input = router_input(routed_as);
  const Tensor code =
      Tensor::from(std::span<const double>(input), {static_cast<int64_t>(input.size())}).to(dtype());
  Mixing result;
  for (const Block& block : blocks_) {
    const auto& ffn = block.encoder ? sizes.encoder.ffn : sizes.decoder.ffn;
    if (block.layer >= static_cast<int64_t>(ffn.size())) continue;
    const int64_t hidden = ffn[static_cast<size_t>(block.layer)];
    const int64_t width = block.encoder ? sizes.encoder.embed : sizes.decoder.embed;
    const Tensor fc1 = block.routers[0](code, hidden, context);  // {experts} or {hidden, experts}
    const Tensor fc2 = block.routers.size() == 1 ? fc1 : block.routers[1](code, width, context);
    result.push_back({block.name, fc1, fc2});
  }
  return result;
}

Selection Supernet::select(const Arch& arch, const nn::Context& context) {
  return select(arch, mixing(arch, arch, context));
}

Selection Supernet::select(const Arch& arch, const Mixing& mixing) {
  Selection selection;
  selection.arch_ = arch;
  selection.model_ = std::make_unique<nn::Seq2Seq>(model_config(arch), full_->positions());
  std::map<std::string, Tensor> mixed;
  const TranslationArch sizes = translation(space_, arch);
  size_t at = 0;
  for (const Block& block : blocks_) {
    const auto& ffn = block.encoder ? sizes.encoder.ffn : sizes.decoder.ffn;
    if (block.layer >= static_cast<int64_t>(ffn.size())) continue;
    check(at < mixing.size() && mixing[at].name == block.name, "select", "the mixing's entry ", at,
          " must be for block ", block.name,
          at < mixing.size() ? cat(", not ", mixing[at].name) : ", there is none");
    const int64_t hidden = ffn[static_cast<size_t>(block.layer)];
    const int64_t width = block.encoder ? sizes.encoder.embed : sizes.decoder.embed;
    for (const bool first : {true, false}) {
      const ExpertStack& stack = first ? block.fc1 : block.fc2;
      const Mixed made =
          mix(first ? mixing[at].fc1 : mixing[at].fc2, stack, first ? hidden : width, first ? width : hidden);
      mixed[stack.name + ".weight"] = made.weight;
      mixed[stack.name + ".bias"] = made.bias;
    }
    ++at;
  }
  check(at == mixing.size(), "select", "the mixing has ", mixing.size(), " entries, the architecture ", at,
        " blocks");
  // Cutting the graph here means that micro-batches gather their gradients in the leaves, and mixing and
  // routers are swept once an update instead of once a micro-batch: the same sums in another order.
  for (auto& [name, tensor] : mixed) {
    if (!tensor.tracked()) continue;
    Tensor leaf = tensor.detach();
    leaf.track().named(name);
    selection.cuts_.push_back({tensor, leaf});
    tensor = leaf;
  }
  const std::map<std::string, Tensor> plain = shared();
  nn::assign_parameters(*selection.model_, [&](const std::string& name, const Shape& shape) {
    if (const auto found = mixed.find(name); found != mixed.end()) return found->second;
    const auto found = plain.find(name);
    check<ArgumentError>(found != plain.end(), "select", "the supernet has no parameter ", name);
    return found->second.shape() == shape ? found->second : leading(found->second, shape);
  });
  return selection;
}

std::unique_ptr<nn::Seq2Seq> Supernet::extract(const Arch& arch) {
  const NoGrad quiet;
  Selection selection = select(arch);
  auto model = std::make_unique<nn::Seq2Seq>(model_config(arch), full_->positions());
  std::map<std::string, Tensor> parts;
  nn::for_each_parameter(selection.model(), [&](const nn::Slot& slot) { parts[slot.name] = slot.tensor; });
  nn::assign_parameters(*model, [&](const std::string& name, const Shape& shape) {
    Tensor copy = Tensor::empty(shape, parts.at(name).dtype());
    copy_(copy, parts.at(name).detach());
    copy.track().named(name);
    return copy;
  });
  return model;
}

std::unique_ptr<nn::Seq2Seq> extract_average(const Supernet& like, const Arch& arch,
                                             const std::vector<nn::StateDict>& states) {
  Supernet scratch(like.space(), like.options());
  std::vector<nn::StateDict> extracted;
  std::unique_ptr<nn::Seq2Seq> model;
  for (const nn::StateDict& state : states) {
    nn::load(scratch, state);
    model = scratch.extract(arch);
    extracted.push_back(nn::state_dict(*model));
  }
  const nn::StateDict mean = nn::average(extracted);  // refuses an empty list
  nn::load(*model, mean);
  return model;
}

std::map<std::string, Tensor> Supernet::shared() {
  std::map<std::string, Tensor> tensors;
  nn::for_each_parameter(*full_, [&](const nn::Slot& slot) {
    if (slot.tensor.defined()) tensors[slot.name] = slot.tensor;
  });
  return tensors;
}

}  // namespace mosaic::mos
