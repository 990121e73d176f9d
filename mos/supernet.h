// Supernet: the shared weights of every architecture of a translation space, with or without mixtures.
//
// select(arch) gives an ordinary nn::Seq2Seq whose parameters are leading slices of the supernet's (views:
// gradients land in the slice) or, in the feed-forward blocks of a mixture, experts mixed for this
// architecture. Training, evaluation, decoding and latency all run that model; there is no second forward.
#pragma once

#include "mos/super_model.h"
#include "nn/models/transformer.h"

namespace mosaic::mos {

using Selection = Selected<nn::Seq2Seq>;

class Supernet final : public SuperModel {
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

  const Options& options() const { return options_; }

  // What an architecture's static model is built from.
  nn::TransformerConfig model_config(const Arch& arch) const;

  // The context is for the routers' dropout only. ArgumentError unless the architecture is of the space.
  Selection select(const Arch& arch, const nn::Context& context = {});
  // The same slices mixed by given coefficients (one entry a block of the architecture, in model order).
  Selection select(const Arch& arch, const Mixing& mixing);
  // A static model with its own dense parameters; its outputs equal those of select(arch) bit by bit.
  std::unique_ptr<nn::Seq2Seq> extract(const Arch& arch);

  std::string describe() const override;

  // {"format": "mosaic-supernet", "version": 1, "space": {...}, "space_hash", "vocabulary", "mixture", ...}:
  // all that is needed to build it again.
  json to_json() const;
  // A supernet without values from to_json(); FormatError when malformed or when the space does not have the
  // hash that was written.
  static std::unique_ptr<Supernet> from_json(const json& value, const std::string& where);

 private:
  nn::Module& full() override { return *full_; }
  std::vector<BlockSizes> blocks_of(const Arch& arch) const override;
  nn::TransformerConfig config_of(const TranslationArch& sizes) const;

  Options options_;
  std::unique_ptr<nn::Seq2Seq> full_;
};

// An architecture's static model with the mean over several states of one supernet of the weights extracted
// from each: mixed weights are averaged, not experts and routers. `like` says what the states are of and is
// not changed. ArgumentError when there are none.
std::unique_ptr<nn::Seq2Seq> extract_average(const Supernet& like, const Arch& arch,
                                             const std::vector<nn::StateDict>& states);

}  // namespace mosaic::mos
