// Supernet: the shared weights of every architecture of a translation space, with or without mixtures.
//
// select(arch) gives an ordinary nn::Seq2Seq whose parameters are leading slices of the supernet's (views:
// gradients land in the slice) or, in the feed-forward blocks of a mixture, experts mixed for this
// architecture. Training, evaluation, decoding and latency all run that model; there is no second forward.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "mos/mixture.h"
#include "mos/router.h"
#include "nn/models/transformer.h"

namespace mosaic::mos {

// The coefficients of one feed-forward block: {experts}, or {neurons, experts} for each matrix.
struct BlockMixing {
  std::string name;  // "encoder.layers.0.ffn"
  Tensor fc1, fc2;   // layer-wise: the same tensor twice
};
using Mixing = std::vector<BlockMixing>;

// One architecture's model, alive for the micro-batches of one update. Several may be alive at once.
class Selection {
 public:
  nn::Seq2Seq& model() { return *model_; }
  const nn::Seq2Seq& model() const { return *model_; }
  const Arch& arch() const { return arch_; }

  // Mixed weights were cut from the graph when this was made with gradients on, so that micro-batches stop at
  // them. This pushes what they gathered through mixing and routers into experts and router weights, once.
  // To be called after the last backward; GradError when called twice. Nothing happens without a mixture.
  void finish();

 private:
  friend class Supernet;
  struct Cut {
    Tensor mixed;  // result of mix_experts
    Tensor leaf;   // the same bytes as a leaf: what the model uses
  };
  Arch arch_;
  std::unique_ptr<nn::Seq2Seq> model_;
  std::vector<Cut> cuts_;
  bool finished_ = false;
};

class Supernet final : public nn::Module {
 public:
  struct Options {
    Vocabulary vocabulary;
    MixtureOptions mixture;
    // Rates of the widest model; those of narrower ones are scaled by their width (HAT), attention's is not.
    double dropout = 0.3, attention_dropout = 0.1, activation_dropout = 0;
    bool scale_dropout = true;
    int64_t bos = 0, padding = 1, eos = 2;
  };
  // Without values (load them) and with (streams of `init` by parameter name; expert 0 and everything shared
  // start alike with and without a mixture). ArgumentError unless the space describes translation models.
  Supernet(Space space, const Options& options);
  Supernet(Space space, const Options& options, const Generator& init);

  const Space& space() const { return space_; }
  const Options& options() const { return options_; }
  bool mixes() const { return options_.mixture.on(); }

  // What an architecture's static model is built from.
  nn::TransformerConfig model_config(const Arch& arch) const;

  // The context is for the routers' dropout only. ArgumentError unless the architecture is of the space.
  Selection select(const Arch& arch, const nn::Context& context = {});
  // The same slices mixed by given coefficients (one entry a block of the architecture, in model order).
  Selection select(const Arch& arch, const Mixing& mixing);
  // The coefficients for the blocks of `arch` that the routers give for the encoding of `routed_as`.
  Mixing mixing(const Arch& arch, const Arch& routed_as, const nn::Context& context = {});
  // A static model with its own dense parameters; its outputs equal those of select(arch) bit by bit.
  std::unique_ptr<nn::Seq2Seq> extract(const Arch& arch);

  // What the routers see: the encoding, or 0.5 everywhere for the fixed-input control.
  std::vector<double> router_input(const Arch& arch) const;

  // The experts of one mixed matrix.
  struct ExpertStack {
    std::string name;  // "encoder.layers.0.ffn.fc1"
    int64_t out = 0, in = 0;
    Tensor weight;  // {experts, out, in}
    Tensor bias;    // {experts, out}
  };
  // Of every mixed matrix, in model order; the tensors are the parameters themselves.
  std::vector<ExpertStack> experts() const;

  // Parameters in a stable order: those of the full-size model by their names, with "fc1.experts" and
  // "fc1.expert_biases" in place of the "fc1.weight" and "fc1.bias" of mixed blocks, then the routers.
  void visit(nn::Visitor& v) override;
  std::string describe() const override;
  // Names of router parameters start with this.
  static constexpr std::string_view router_prefix = "routers.";

  // {"format": "mosaic-supernet", "version": 1, "space": {...}, "space_hash", "vocabulary", "mixture", ...}:
  // all that is needed to build it again.
  json to_json() const;
  // A supernet without values from to_json(); FormatError when malformed or when the space does not have the
  // hash that was written.
  static std::unique_ptr<Supernet> from_json(const json& value, const std::string& where);

 private:
  // One feed-forward block with a mixture.
  struct Block {
    std::string name;  // "encoder.layers.0.ffn"
    bool encoder = false;
    int64_t layer = 0;
    ExpertStack fc1, fc2;
    std::vector<Router> routers;  // layer-wise: one for both matrices; neuron-wise: one each
  };
  void build_blocks();
  void initialise_blocks(const Generator& init);
  ExpertStack* stack_of(std::string_view matrix);
  std::map<std::string, Tensor> shared();
  nn::TransformerConfig config_of(const TranslationArch& sizes) const;
  DType dtype() const;

  Space space_;
  Options options_;
  std::unique_ptr<nn::Seq2Seq> full_;  // plain parameters; those of mixed matrices stay undefined
  std::vector<Block> blocks_;
};

// An architecture's static model with the mean over several states of one supernet of the weights extracted
// from each: mixed weights are averaged, not experts and routers. `like` says what the states are of and is
// not changed. ArgumentError when there are none.
std::unique_ptr<nn::Seq2Seq> extract_average(const Supernet& like, const Arch& arch,
                                             const std::vector<nn::StateDict>& states);

}  // namespace mosaic::mos
