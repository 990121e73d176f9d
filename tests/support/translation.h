// What tests of supernets and their training share: a small supernet, random batches, comparisons.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "apps/checks/sentences.h"
#include "engine/engine.h"
#include "mos/supernet.h"

namespace mosaic::test {

using checks::eos_id;
using checks::padding_id;
using checks::vocabulary;

inline mos::MixtureOptions mixture(mos::Routing routing) {
  return {.routing = routing, .experts = routing == mos::Routing::none ? 1 : 2, .router_hidden = 16};
}

inline const std::vector<mos::Routing>& routings() {
  static const std::vector<mos::Routing> all{mos::Routing::none, mos::Routing::per_layer,
                                             mos::Routing::per_neuron};
  return all;
}

inline mos::Supernet::Options supernet_options(const mos::MixtureOptions& mixture, double dropout = 0) {
  return {.vocabulary = {.source = vocabulary, .target = vocabulary, .joined = true},
          .mixture = mixture,
          .dropout = dropout,
          .attention_dropout = dropout};
}

// Of the nano space (embed 48 or 64, decoders of 1 or 2 layers), with values.
inline mos::Supernet nano_supernet(const mos::MixtureOptions& mixture, double dropout = 0,
                                   uint64_t seed = 7) {
  return mos::Supernet(mos::space_named("nano"), supernet_options(mixture, dropout), Generator(seed));
}

struct Pair {
  Tensor source, input, target;  // i32 {rows, S}, {rows, T}, {rows, T}
  int64_t tokens = 0;            // target tokens that are not padding
};

// Drawn sentences with what is to be said counted.
inline Pair random_pair(int64_t rows, int64_t length, Generator rng) {
  const nn::SequenceBatch drawn = checks::draw_sentences(rows, length, rng);
  int64_t tokens = 0;
  for (const int32_t id : drawn.targets.host<int32_t>()) tokens += id == padding_id ? 0 : 1;
  return {drawn.source, drawn.decoder_input, drawn.targets, tokens};
}

inline Tensor summed_loss(const nn::Seq2Seq& model, const Pair& pair, const nn::Context& context = {}) {
  return sum(cross_entropy(model.logits(pair.source, pair.input, context), pair.target, 0.1, padding_id));
}

inline bool equal_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const Tensor x = a.detach().to(cpu()).dense(), y = b.detach().to(cpu()).dense();
  return std::memcmp(x.raw(), y.raw(), static_cast<size_t>(x.numel() * size_of(x.dtype()))) == 0;
}

// Largest |a - b| over the largest |b| (or 1e-30).
inline double relative_difference(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.detach().values(), y = b.detach().values();
  if (x.size() != y.size()) return INFINITY;
  double worst = 0, scale = 1e-30;
  for (size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, std::abs(x[i] - y[i]));
    scale = std::max(scale, std::abs(y[i]));
  }
  return worst / scale;
}

inline std::vector<mos::Arch> some_archs(const mos::Space& space, int64_t random) {
  std::vector<mos::Arch> archs{space.largest(), space.smallest()};
  Generator rng(11);
  for (int64_t i = 0; i < random; ++i) archs.push_back(space.sample(rng));
  return archs;
}

// Every gradient by parameter name; those never reached are left out.
inline std::map<std::string, Tensor> gradients(nn::Module& module) {
  std::map<std::string, Tensor> result;
  for (const nn::NamedTensor& p : nn::named_parameters(module)) {
    if (!p.tensor.has_grad()) continue;
    Tensor copy = Tensor::empty(p.tensor.shape(), p.tensor.dtype());
    copy_(copy, p.tensor.grad());
    result[p.name] = copy;
    p.tensor.zero_grad();
  }
  return result;
}

// The mixing that gives every row of every block the same coefficients; of any kind of supernet.
template <class Super>
mos::Mixing constant_mixing(Super& supernet, const mos::Arch& arch, const std::vector<float>& alpha) {
  const NoGrad quiet;
  mos::Mixing mixing = supernet.mixing(arch, arch);
  const Tensor row = Tensor::from(std::span<const float>(alpha), {static_cast<int64_t>(alpha.size())});
  for (mos::BlockMixing& block : mixing) {
    block.fc1 = expand(row, block.fc1.shape()).dense();
    block.fc2 = expand(row, block.fc2.shape()).dense();
  }
  return mixing;
}

}  // namespace mosaic::test
