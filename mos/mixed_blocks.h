// The feed-forward blocks of a mixture of supernets: their experts, their routers, and mixing for one
// architecture. What the model around the blocks is does not matter here; supernets of every kind use this.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mos/mixture.h"
#include "mos/router.h"

namespace mosaic::mos {

// One feed-forward block: fc1 {hidden, width} and fc2 {width, hidden}, of an architecture or of the supernet.
struct BlockSizes {
  std::string name;  // "encoder.layers.0.ffn"
  int64_t width = 0, hidden = 0;
};

// The experts of one mixed matrix.
struct ExpertStack {
  std::string name;  // "encoder.layers.0.ffn.fc1"
  int64_t out = 0, in = 0;
  Tensor weight;  // {experts, out, in}
  Tensor bias;    // {experts, out}
};

// The coefficients of one feed-forward block: {experts}, or {neurons, experts} for each matrix.
struct BlockMixing {
  std::string name;  // "encoder.layers.0.ffn"
  Tensor fc1, fc2;   // layer-wise: the same tensor twice
};
using Mixing = std::vector<BlockMixing>;

// Places where the graph was cut: between mixed weights and the model that uses them. Micro-batches gather
// their gradients in the leaves, and mixing and routers are swept once an update instead of once a
// micro-batch: the same sums in another order.
class Cuts {
 public:
  // A leaf of the same bytes; `mixed` itself when nothing is tracked.
  Tensor cut(const Tensor& mixed, const std::string& name);
  // Pushes what the leaves gathered through the graph behind them. GradError when called twice.
  void finish();

 private:
  struct Cut {
    Tensor mixed, leaf;
  };
  std::vector<Cut> cuts_;
  bool finished_ = false;
};

class MixedBlocks {
 public:
  struct Options {
    MixtureOptions mixture;
    int64_t encoding = 10;               // numbers the routers see
    bool copies = false;                 // further experts start as copies of the first
    std::optional<nn::Init> router_out;  // of neuron-wise last layers; default: Xavier
  };
  // No blocks: plain weight sharing.
  MixedBlocks() = default;
  // The blocks of the supernet in model order. Nothing is made without a mixture.
  MixedBlocks(const std::vector<BlockSizes>& blocks, const Options& options);

  // Parameters of the full-size model by their names, with "fc1.experts" and "fc1.expert_biases" in place of
  // the "fc1.weight" and "fc1.bias" of mixed blocks, then the routers.
  void visit(nn::Module& full, nn::Visitor& v);
  // Experts by the initial values of the full model's matrices, each drawn as a matrix of its own: expert 0
  // from the stream that the plain matrix would have, so that runs with and without a mixture share it.
  void initialise(nn::Module& full, const Generator& init);

  // Of every mixed matrix, in model order; the tensors are the parameters themselves.
  std::vector<ExpertStack> experts() const;
  // The coefficients that the routers give for an encoding, for an architecture with these blocks.
  Mixing mixing(const std::vector<BlockSizes>& sizes, const std::vector<double>& code,
                const nn::Context& context) const;
  // The mixed leading slices as parameters by name, cut from the graph. ArgumentError unless the mixing has
  // one entry a block, in order.
  std::map<std::string, Tensor> mix(const std::vector<BlockSizes>& sizes, const Mixing& mixing,
                                    Cuts& cuts) const;
  // The stack that holds a plain matrix ("encoder.layers.0.ffn.fc1"); null when it is not mixed.
  ExpertStack* stack_of(std::string_view matrix);

 private:
  struct Block {
    std::string name;
    ExpertStack fc1, fc2;
    std::vector<Router> routers;  // layer-wise: one for both matrices; neuron-wise: one each
  };
  const Block& block_of(const std::string& name) const;

  Options options_;
  std::vector<Block> blocks_;
};

// Names of router parameters start with this.
inline constexpr std::string_view router_prefix = "routers.";

}  // namespace mosaic::mos
