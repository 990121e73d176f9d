// What tests of supernets and their training share: a small supernet, random batches, comparisons.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "engine/engine.h"
#include "mos/supernet.h"

namespace mosaic::test {

inline constexpr int32_t vocabulary = 24, padding_id = 1, eos_id = 2;

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

// Random sentences of different lengths, right-padded; decoder input = eos and the target without its end.
inline Pair random_pair(int64_t rows, int64_t length, Generator rng) {
  std::vector<int32_t> source, input, target;
  int64_t tokens = 0;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t n = length - r % 3;
    int32_t before = eos_id;
    for (int64_t t = 0; t < length; ++t) {
      const auto word = [&] { return static_cast<int32_t>(4 + rng.below(vocabulary - 4)); };
      source.push_back(t + 1 < n ? word() : t + 1 == n ? eos_id : padding_id);
      target.push_back(t + 1 < n ? word() : t + 1 == n ? eos_id : padding_id);
      input.push_back(t < n ? before : padding_id);
      before = target.back();
    }
    tokens += n;
  }
  const auto tensor = [&](const std::vector<int32_t>& v) {
    return Tensor::from(std::span<const int32_t>(v), {rows, length});
  };
  return {tensor(source), tensor(input), tensor(target), tokens};
}

inline Tensor summed_loss(const nn::Seq2Seq& model, const Pair& pair, const nn::Context& context = {}) {
  return sum(cross_entropy(model.logits(pair.source, pair.input, context), pair.target, 0.1, padding_id));
}

inline bool equal_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const Tensor x = a.detach().dense(), y = b.detach().dense();
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
