#include "mos/mixed_blocks.h"

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"

namespace mosaic::mos {

namespace {

constexpr std::string_view weight_suffix = ".weight", bias_suffix = ".bias";

bool is_feed_forward(std::string_view name) {
  return name.ends_with(".fc1.weight") || name.ends_with(".fc2.weight");
}

}  // namespace

Tensor Cuts::cut(const Tensor& mixed, const std::string& name) {
  if (!mixed.tracked()) return mixed;
  Tensor leaf = mixed.detach();
  leaf.track().named(name);
  cuts_.push_back({mixed, leaf});
  return leaf;
}

void Cuts::finish() {
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

MixedBlocks::MixedBlocks(const std::vector<BlockSizes>& blocks, const Options& options) : options_(options) {
  const MixtureOptions& m = options.mixture;
  check_mixture(m);
  if (!m.on()) return;
  for (const BlockSizes& sizes : blocks) {
    Block block;
    block.name = sizes.name;
    block.fc1 = {
        .name = sizes.name + ".fc1", .out = sizes.hidden, .in = sizes.width, .weight = {}, .bias = {}};
    block.fc2 = {
        .name = sizes.name + ".fc2", .out = sizes.width, .in = sizes.hidden, .weight = {}, .bias = {}};
    Router::Options router{.encoding = options.encoding,
                           .hidden = m.router_hidden,
                           .experts = m.experts,
                           .neurons = 0,
                           .dropout = m.router_dropout,
                           .out_init = options.router_out};
    if (m.routing == Routing::per_neuron) {
      for (const int64_t neurons : {block.fc1.out, block.fc2.out}) {
        router.neurons = neurons;
        block.routers.emplace_back(router);
      }
    } else {
      block.routers.emplace_back(router);
    }
    blocks_.push_back(std::move(block));
  }
}

void MixedBlocks::initialise(nn::Module& full, const Generator& init) {
  const double scale = options_.mixture.init_scale;
  const NoGrad quiet;
  nn::for_each_parameter(full, [&](const nn::Slot& slot) {
    if (!is_feed_forward(slot.name)) return;
    const ExpertStack* stack = stack_of(slot.name.substr(0, slot.name.size() - weight_suffix.size()));
    if (!stack) {
      if (scale != 1) scale_(slot.tensor.detach(), scale);
      return;
    }
    for (int64_t i = 0; i < stack->weight.dim(0); ++i) {
      Generator stream = init.fork(i == 0 || options_.copies ? slot.name : cat(slot.name, ".expert.", i));
      const Tensor drawn = nn::make(slot.init, slot.shape, stream);
      copy_(squeeze(slice(stack->weight, 0, i, i + 1), 0).detach(), drawn);
    }
    if (scale != 1) scale_(stack->weight.detach(), scale);
  });
}

ExpertStack* MixedBlocks::stack_of(std::string_view matrix) {
  for (Block& block : blocks_)
    for (ExpertStack* stack : {&block.fc1, &block.fc2})
      if (stack->name == matrix) return stack;
  return nullptr;
}

const MixedBlocks::Block& MixedBlocks::block_of(const std::string& name) const {
  for (const Block& block : blocks_)
    if (block.name == name) return block;
  throw ArgumentError("mixture", cat("the supernet has no mixed block ", name));
}

void MixedBlocks::visit(nn::Module& full, nn::Visitor& v) {
  const int64_t experts = options_.mixture.experts;
  nn::for_each_parameter(full, [&](const nn::Slot& slot) {
    const bool weight = slot.name.ends_with(weight_suffix);
    const std::string_view suffix = weight ? weight_suffix : bias_suffix;
    ExpertStack* stack = nullptr;
    if (slot.name.ends_with(suffix)) stack = stack_of(slot.name.substr(0, slot.name.size() - suffix.size()));
    if (!stack) return v.parameter(slot.name, slot.tensor, slot.shape, slot.init);
    if (weight) {
      v.parameter(stack->name + ".experts", stack->weight, {experts, stack->out, stack->in});
    } else {
      v.parameter(stack->name + ".expert_biases", stack->bias, {experts, stack->out});
    }
  });
  for (Block& block : blocks_) {
    const std::string name = std::string(router_prefix) + block.name;
    if (block.routers.size() == 1) {
      v.module(name, block.routers[0]);
    } else {
      v.module(name + ".fc1", block.routers[0]);
      v.module(name + ".fc2", block.routers[1]);
    }
  }
}

std::vector<ExpertStack> MixedBlocks::experts() const {
  std::vector<ExpertStack> all;
  for (const Block& block : blocks_) {
    all.push_back(block.fc1);
    all.push_back(block.fc2);
  }
  return all;
}

Mixing MixedBlocks::mixing(const std::vector<BlockSizes>& sizes, const std::vector<double>& code,
                           const nn::Context& context) const {
  Mixing result;
  if (blocks_.empty()) return result;
  const Tensor& any = blocks_[0].fc1.weight;
  const Tensor input = Tensor::from(std::span<const double>(code), {static_cast<int64_t>(code.size())})
                           .to(any.defined() ? any.dtype() : f32)
                           .to(any.defined() ? any.device() : cpu());
  for (const BlockSizes& size : sizes) {
    const Block& block = block_of(size.name);
    const Tensor fc1 = block.routers[0](input, size.hidden, context);  // {experts} or {hidden, experts}
    const Tensor fc2 = block.routers.size() == 1 ? fc1 : block.routers[1](input, size.width, context);
    result.push_back({size.name, fc1, fc2});
  }
  return result;
}

std::map<std::string, Tensor> MixedBlocks::mix(const std::vector<BlockSizes>& sizes, const Mixing& mixing,
                                               Cuts& cuts) const {
  std::map<std::string, Tensor> mixed;
  const size_t wanted = blocks_.empty() ? 0 : sizes.size();
  check(mixing.size() == wanted, "select", "the mixing has ", mixing.size(), " entries, the architecture ",
        wanted, " mixed blocks");
  for (size_t i = 0; i < wanted; ++i) {
    check(mixing[i].name == sizes[i].name, "select", "the mixing's entry ", i, " must be for block ",
          sizes[i].name, ", not ", mixing[i].name);
    const Block& block = block_of(sizes[i].name);
    for (const bool first : {true, false}) {
      const ExpertStack& stack = first ? block.fc1 : block.fc2;
      const Tensor& alpha = first ? mixing[i].fc1 : mixing[i].fc2;
      const int64_t experts = stack.weight.dim(0), out = first ? sizes[i].hidden : sizes[i].width,
                    in = first ? sizes[i].width : sizes[i].hidden;
      const std::string weight = stack.name + std::string(weight_suffix),
                        bias = stack.name + std::string(bias_suffix);
      mixed[weight] = cuts.cut(mix_experts(alpha, leading(stack.weight, {experts, out, in})), weight);
      mixed[bias] = cuts.cut(mix_experts(alpha, leading(stack.bias, {experts, out})), bias);
    }
  }
  return mixed;
}

}  // namespace mosaic::mos
