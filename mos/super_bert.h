// SuperBert: the shared weights of every architecture of a BERT space, with or without mixtures.
//
// select(arch) gives an ordinary nn::Bert with a masked-language-model head whose parameters are leading
// slices of the supernet's, or mixtures of them in the feed-forward blocks. In a space with bottlenecks the
// embeddings and the head are common to all architectures; without them they are sliced to the width of the
// architecture like everything else. Head counts only partition the channels: architectures that differ in
// nothing else share every weight.
#pragma once

#include "mos/bert_cost.h"
#include "mos/super_model.h"
#include "nn/models/bert.h"

namespace mosaic::mos {

using BertSelection = Selected<nn::Bert>;

// How experts beyond the first begin. Copies receive no gradient of the router at first and part only because
// their coefficients differ. The paper's code copies with bottlenecks and draws anew, N(0, 0.02), without.
enum class ExpertStart { by_space, copies, independent };

class SuperBert final : public SuperModel {
 public:
  struct Options {
    int64_t vocabulary = 30522, positions = 512, types = 2, padding = 0;
    MixtureOptions mixture;
    ExpertStart expert_start = ExpertStart::by_space;
    double dropout = 0;              // of embeddings and sublayer results; pretraining uses none
    double attention_dropout = 0.1;  // of the largest head count; fewer heads drop in proportion
    bool scale_dropout = true;
    double initializer_range = 0.02;  // deviation of the first matrices, nn::BertConfig's
  };
  // Without values (load them) and with: matrices N(0, initializer_range), routers' N(0, 0.02), biases 0,
  // bottlenecks identities (a stream cut to h channels and back keeps the leading h). Streams of `init` by
  // parameter name, as in Supernet. ArgumentError unless the space describes BERT models.
  SuperBert(Space space, const Options& options);
  SuperBert(Space space, const Options& options, const Generator& init);

  const Options& options() const { return options_; }
  // Whether experts beyond the first start as copies, by the option and the space.
  bool copies_experts() const;
  BertTables tables() const;

  // What an architecture's static model is built from.
  nn::BertConfig model_config(const Arch& arch) const;

  // The context is for the routers' dropout only. ArgumentError unless the architecture is of the space.
  BertSelection select(const Arch& arch, const nn::Context& context = {});
  // The same slices mixed by given coefficients (one entry a layer of the architecture).
  BertSelection select(const Arch& arch, const Mixing& mixing);
  // A static model with its own dense parameters; its outputs equal those of select(arch) bit by bit.
  std::unique_ptr<nn::Bert> extract(const Arch& arch);

  std::string describe() const override;

  // {"format": "mosaic-super-bert", "version": 1, "space": {...}, "space_hash", "vocabulary", "mixture",
  // ...}: all that is needed to build it again.
  json to_json() const;
  // A supernet without values from to_json(); FormatError when malformed or when the space does not have the
  // hash that was written.
  static std::unique_ptr<SuperBert> from_json(const json& value, const std::string& where);

 private:
  nn::Module& full() override { return *full_; }
  std::vector<BlockSizes> blocks_of(const Arch& arch) const override;
  nn::BertConfig config_of(const BertArch& sizes) const;

  Options options_;
  std::unique_ptr<nn::Bert> full_;
};

// An architecture's static model with the mean over several states of one supernet of the weights extracted
// from each. `like` says what the states are of and is not changed. ArgumentError when there are none.
std::unique_ptr<nn::Bert> extract_average(const SuperBert& like, const Arch& arch,
                                          const std::vector<nn::StateDict>& states);

const char* expert_start_name(ExpertStart start);         // "by-space", "copies", "independent"
ExpertStart expert_start_named(const std::string& name);  // ArgumentError for another word

}  // namespace mosaic::mos
