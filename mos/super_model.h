// What supernets of every kind of model share: a space, a full-size model whose leading slices are every
// architecture's weights, and the mixture in its feed-forward blocks.
//
// A kind adds select(arch), which gives an ordinary nn model filled by fill(), and extract(arch), a static
// copy of what select gives.
#pragma once

#include <memory>

#include "mos/mixed_blocks.h"

namespace mosaic::mos {

// One architecture's model, alive for the micro-batches of one update. Several may be alive at once.
template <class Model>
class Selected {
 public:
  Selected(Arch arch, std::unique_ptr<Model> model, Cuts cuts)
      : arch_(std::move(arch)), model_(std::move(model)), cuts_(std::move(cuts)) {}

  Model& model() { return *model_; }
  const Model& model() const { return *model_; }
  const Arch& arch() const { return arch_; }

  // Mixed weights were cut from the graph when this was made with gradients on, so that micro-batches stop at
  // them. This pushes what they gathered through mixing and routers into experts and router weights, once.
  // To be called after the last backward; GradError when called twice. Nothing happens without a mixture.
  void finish() { cuts_.finish(); }

 private:
  Arch arch_;
  std::unique_ptr<Model> model_;
  Cuts cuts_;
};

class SuperModel : public nn::Module {
 public:
  using ExpertStack = mos::ExpertStack;
  static constexpr std::string_view router_prefix = mos::router_prefix;

  const Space& space() const { return space_; }
  const MixtureOptions& mixture() const { return mixture_; }
  bool mixes() const { return mixture_.on(); }

  // The coefficients for the blocks of `arch` that the routers give for the encoding of `routed_as`; the
  // context is for the routers' dropout. ArgumentError unless both are of the space.
  Mixing mixing(const Arch& arch, const Arch& routed_as, const nn::Context& context = {});
  // What the routers see: the encoding, or 0.5 everywhere for the fixed-input control.
  std::vector<double> router_input(const Arch& arch) const;
  // Of every mixed matrix, in model order; the tensors are the parameters themselves.
  std::vector<ExpertStack> experts() const { return blocks_.experts(); }

  // Gives the shared weights the values of a full-size plain model's. A mixed matrix's first expert gets
  // them; the others too when experts start as copies of the first, else they keep theirs. Returns the names
  // that the dict did not have, which keep their values. ShapeError when a tensor has another shape,
  // DtypeError for another dtype; nothing is changed then.
  std::vector<std::string> start_from(const nn::StateDict& plain);

  // Parameters in a stable order: those of the full-size model by their names, with "fc1.experts" and
  // "fc1.expert_biases" in place of the "fc1.weight" and "fc1.bias" of mixed blocks, then the routers.
  void visit(nn::Visitor& v) override { blocks_.visit(full(), v); }

 protected:
  SuperModel(Space space, const MixtureOptions& mixture);
  // The full-size model; parameters of mixed matrices stay undefined in it.
  virtual nn::Module& full() = 0;
  virtual std::vector<BlockSizes> blocks_of(const Arch& arch) const = 0;

  // How experts beyond the first and the routers' neuron-wise last layers start.
  struct Start {
    bool copies = false;
    std::optional<nn::Init> router_out;
  };
  // To be called by the constructor when full() stands.
  void make_blocks(const std::vector<BlockSizes>& sizes, const Start& start);
  void make_values(const Generator& init);
  // Slices and mixtures for every parameter of an architecture's model.
  Cuts fill(nn::Module& model, const Arch& arch, const Mixing& mixing);

 private:
  Space space_;
  MixtureOptions mixture_;
  MixedBlocks blocks_;
  bool copies_ = false;
};

// Every parameter of `to` becomes a dense copy of that of `from`, tracked and named.
void copy_parameters(nn::Module& from, nn::Module& to);

// `model` gets the mean of the states.
void load_average(nn::Module& model, const std::vector<nn::StateDict>& extracted);

// The mean over states of one supernet of the weights extracted from each; `scratch` is overwritten.
// ArgumentError when there are none.
template <class Super>
auto average_extracted(Super& scratch, const Arch& arch, const std::vector<nn::StateDict>& states)
    -> decltype(scratch.extract(arch)) {
  check<ArgumentError>(!states.empty(), "extract_average", "there are no states");
  decltype(scratch.extract(arch)) model;
  std::vector<nn::StateDict> extracted;
  for (const nn::StateDict& state : states) {
    nn::load(scratch, state);
    model = scratch.extract(arch);
    extracted.push_back(nn::state_dict(*model));
  }
  load_average(*model, extracted);
  return model;
}

}  // namespace mosaic::mos
