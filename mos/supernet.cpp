#include "mos/supernet.h"

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"

namespace mosaic::mos {

namespace {

constexpr std::string_view weight_suffix = ".weight", bias_suffix = ".bias";

bool is_feed_forward(std::string_view name) {
  return name.ends_with(".fc1.weight") || name.ends_with(".fc2.weight");
}

}  // namespace

Supernet::Supernet(Space space, const Options& options) : space_(std::move(space)), options_(options) {
  check_mixture(options.mixture);
  full_ = std::make_unique<nn::Seq2Seq>(config_of(super_translation(space_)));
  build_blocks();
}

Supernet::Supernet(Space space, const Options& options, const Generator& init)
    : Supernet(std::move(space), options) {
  nn::initialise(*this, init);
  initialise_blocks(init);
}

void Supernet::build_blocks() {
  if (!mixes()) return;
  const TranslationArch sizes = super_translation(space_);
  const MixtureOptions& m = options_.mixture;
  for (const bool encoder : {true, false}) {
    const std::vector<int64_t>& ffn = encoder ? sizes.encoder.ffn : sizes.decoder.ffn;
    const int64_t width = encoder ? sizes.encoder.embed : sizes.decoder.embed;
    for (size_t layer = 0; layer < ffn.size(); ++layer) {
      Block block;
      block.name = cat(encoder ? "encoder" : "decoder", ".layers.", layer, ".ffn");
      block.encoder = encoder;
      block.layer = static_cast<int64_t>(layer);
      block.fc1 = {.name = block.name + ".fc1", .out = ffn[layer], .in = width, .weight = {}, .bias = {}};
      block.fc2 = {.name = block.name + ".fc2", .out = width, .in = ffn[layer], .weight = {}, .bias = {}};
      Router::Options router{.encoding = encoding_size(space_, m.encoding),
                             .hidden = m.router_hidden,
                             .experts = m.experts,
                             .neurons = 0,
                             .dropout = m.router_dropout};
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
}

// Every expert is drawn as a matrix of its own, expert 0 from the stream that the plain matrix would have:
// runs with and without a mixture share it.
void Supernet::initialise_blocks(const Generator& init) {
  const double scale = options_.mixture.init_scale;
  const NoGrad quiet;
  for (Block& block : blocks_) {
    for (const ExpertStack* stack : {&block.fc1, &block.fc2}) {
      const std::string name = stack->name + std::string(weight_suffix);
      for (int64_t i = 0; i < stack->weight.dim(0); ++i) {
        Generator stream = init.fork(i == 0 ? name : cat(name, ".expert.", i));
        const Tensor drawn =
            nn::make(nn::Init::xavier(stack->in, stack->out), {stack->out, stack->in}, stream);
        copy_(squeeze(slice(stack->weight, 0, i, i + 1), 0).detach(), drawn);
      }
      if (scale != 1) scale_(stack->weight.detach(), scale);
    }
  }
  if (scale == 1 || mixes()) return;
  for (const auto& [name, tensor] : shared())
    if (is_feed_forward(name)) scale_(tensor.detach(), scale);
}

Supernet::ExpertStack* Supernet::stack_of(std::string_view matrix) {
  for (Block& block : blocks_)
    for (ExpertStack* stack : {&block.fc1, &block.fc2})
      if (stack->name == matrix) return stack;
  return nullptr;
}

void Supernet::visit(nn::Visitor& v) {
  const int64_t experts = options_.mixture.experts;
  nn::for_each_parameter(*full_, [&](const nn::Slot& slot) {
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

std::vector<Supernet::ExpertStack> Supernet::experts() const {
  std::vector<ExpertStack> all;
  for (const Block& block : blocks_) {
    all.push_back(block.fc1);
    all.push_back(block.fc2);
  }
  return all;
}

std::vector<double> Supernet::router_input(const Arch& arch) const {
  const Encoding encoding = options_.mixture.encoding;
  if (options_.mixture.fixed_input)
    return std::vector<double>(static_cast<size_t>(encoding_size(space_, encoding)), 0.5);
  return encode(space_, arch, encoding);
}

DType Supernet::dtype() const {
  return blocks_.empty() || !blocks_[0].fc1.weight.defined() ? f32 : blocks_[0].fc1.weight.dtype();
}

std::string Supernet::describe() const {
  return cat("Supernet of space ", space_.name(), ", ", routing_name(options_.mixture.routing), " mixture, ",
             options_.mixture.experts, options_.mixture.experts == 1 ? " expert" : " experts");
}

}  // namespace mosaic::mos
