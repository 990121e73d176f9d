#include "mos/supernet.h"

#include "engine/autograd/node.h"

namespace mosaic::mos {

namespace {

std::vector<BlockSizes> blocks_of_sizes(const TranslationArch& sizes) {
  std::vector<BlockSizes> blocks;
  for (size_t i = 0; i < sizes.encoder.ffn.size(); ++i)
    blocks.push_back({cat("encoder.layers.", i, ".ffn"), sizes.encoder.embed, sizes.encoder.ffn[i]});
  for (size_t i = 0; i < sizes.decoder.ffn.size(); ++i)
    blocks.push_back({cat("decoder.layers.", i, ".ffn"), sizes.decoder.embed, sizes.decoder.ffn[i]});
  return blocks;
}

}  // namespace

Supernet::Supernet(Space space, const Options& options)
    : SuperModel(std::move(space), options.mixture), options_(options) {
  const TranslationArch sizes = super_translation(this->space());
  full_ = std::make_unique<nn::Seq2Seq>(config_of(sizes));
  make_blocks(blocks_of_sizes(sizes), {});
}

Supernet::Supernet(Space space, const Options& options, const Generator& init)
    : Supernet(std::move(space), options) {
  make_values(init);
}

std::vector<BlockSizes> Supernet::blocks_of(const Arch& arch) const {
  return blocks_of_sizes(translation(space(), arch));
}

Selection Supernet::select(const Arch& arch, const nn::Context& context) {
  return select(arch, mixing(arch, arch, context));
}

Selection Supernet::select(const Arch& arch, const Mixing& mixing) {
  auto model = std::make_unique<nn::Seq2Seq>(model_config(arch), full_->positions());
  Cuts cuts = fill(*model, arch, mixing);
  return Selection(arch, std::move(model), std::move(cuts));
}

std::unique_ptr<nn::Seq2Seq> Supernet::extract(const Arch& arch) {
  const NoGrad quiet;
  Selection selection = select(arch);
  auto model = std::make_unique<nn::Seq2Seq>(model_config(arch), full_->positions());
  copy_parameters(selection.model(), *model);
  return model;
}

std::string Supernet::describe() const {
  const MixtureOptions& m = mixture();
  return cat("Supernet of space ", space().name(), ", ", routing_name(m.routing), " mixture, ", m.experts,
             m.experts == 1 ? " expert" : " experts");
}

std::unique_ptr<nn::Seq2Seq> extract_average(const Supernet& like, const Arch& arch,
                                             const std::vector<nn::StateDict>& states) {
  Supernet scratch(like.space(), like.options());
  return average_extracted(scratch, arch, states);
}

}  // namespace mosaic::mos
