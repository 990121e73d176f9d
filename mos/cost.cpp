#include "mos/cost.h"

#include <algorithm>

#include "engine/core/error.h"
#include "mos/bert_cost.h"

namespace mosaic::mos {

namespace {

// Queries from width q, keys and values from width kv, all of width dim, and the projection back to q.
int64_t attention(int64_t q, int64_t kv, int64_t dim) {
  return dim * q + 2 * dim * kv + 3 * dim + dim * q + q;
}

int64_t feed_forward(int64_t d, int64_t f) {
  return 2 * d * f + f + d;
}

int64_t norm(int64_t d) {
  return 2 * d;
}

// One router: encoding -> hidden -> ReLU -> outputs, with biases.
int64_t router(const Mixture& m, int64_t outputs) {
  return m.encoding * m.router_hidden + m.router_hidden + m.router_hidden * outputs + outputs;
}

// per_layer: one router for both matrices. per_neuron: one for each, with an output a neuron and expert.
int64_t block_routers(const Mixture& m, int64_t d, int64_t f) {
  switch (m.routing) {
    case Routing::none:
      return 0;
    case Routing::per_layer:
      return router(m, m.experts);
    case Routing::per_neuron:
      return router(m, m.experts * f) + router(m, m.experts * d);
  }
  return 0;
}

BertTables bert_tables(const Space& space, int64_t vocabulary) {
  return {.vocabulary = vocabulary > 0 ? vocabulary : static_cast<int64_t>(space.fixed("vocabulary"))};
}

}  // namespace

Parameters& Parameters::operator+=(const Parameters& other) {
  body += other.body;
  experts += other.experts;
  routers += other.routers;
  embeddings += other.embeddings;
  return *this;
}

Parameters feed_forward_parameters(int64_t width, int64_t hidden, const Mixture& mixture) {
  const int64_t block = feed_forward(width, hidden);
  return {.body = block + norm(width),
          .experts = (mixture.experts - 1) * block,
          .routers = block_routers(mixture, width, hidden)};
}

Parameters count_parameters(const TranslationArch& sizes, const Vocabulary& vocabulary,
                            const Mixture& mixture) {
  check(mixture.experts >= 1, "parameters", mixture.experts, " experts, at least 1 is needed");
  Parameters out;
  const int64_t e = sizes.encoder.embed, d = sizes.decoder.embed, dim = sizes.qkv_dim;
  for (const int64_t f : sizes.encoder.ffn) {
    out.body += attention(e, e, dim) + norm(e);
    out += feed_forward_parameters(e, f, mixture);
  }
  for (const int64_t f : sizes.decoder.ffn) {
    out.body += attention(d, d, dim) + norm(d) + attention(d, e, dim) + norm(d);
    out += feed_forward_parameters(d, f, mixture);
  }
  // A joined table is as wide as the wider of the two sides, each of which reads its first columns.
  out.embeddings = vocabulary.joined ? std::max(vocabulary.source, vocabulary.target) * std::max(e, d)
                                     : vocabulary.source * e + 2 * vocabulary.target * d;
  return out;
}

int64_t parameters(const Space& space, const Arch& arch) {
  if (space.model() == "bert")
    return paper_bert_parameters(bert_arch(space, arch), bert_tables(space, 0).vocabulary);
  return count_parameters(translation(space, arch), {}, {}).body;
}

Parameters parameters_exact(const Space& space, const Arch& arch, const Vocabulary& vocabulary,
                            const Mixture& mixture) {
  if (space.model() == "bert")
    return count_bert_parameters(bert_arch(space, arch), bert_tables(space, vocabulary.source), mixture);
  return count_parameters(translation(space, arch), vocabulary, mixture);
}

Parameters super_parameters(const Space& space, const Vocabulary& vocabulary, const Mixture& mixture) {
  if (space.model() == "bert")
    return count_bert_parameters(super_bert_arch(space), bert_tables(space, vocabulary.source), mixture);
  return count_parameters(super_translation(space), vocabulary, mixture);
}

Flops count_flops(const TranslationArch& sizes, const Lengths& lengths, int64_t vocabulary) {
  const int64_t s = lengths.source, t = lengths.target, dim = sizes.qkv_dim;
  const int64_t e = sizes.encoder.embed, d = sizes.decoder.embed;
  // Multiply-adds: queries and output {q, width}, keys and values {kv, kv_width}, scores and their sums {q,
  // kv}.
  const auto attend = [&](int64_t q, int64_t width, int64_t kv, int64_t kv_width) {
    return 2 * q * width * dim + 2 * kv * kv_width * dim + 2 * q * kv * dim;
  };
  Flops out;
  for (const int64_t f : sizes.encoder.ffn) out.encoder += 2 * (attend(s, e, s, e) + 2 * s * e * f);
  for (size_t l = 0; l < sizes.decoder.ffn.size(); ++l) {
    const int64_t memory = s * memory_members(sizes.decoder.arbitrary[l]);
    out.decoder += 2 * (attend(t, d, t, d) + attend(t, d, memory, e) + 2 * t * d * sizes.decoder.ffn[l]);
  }
  out.output = 2 * t * d * vocabulary;
  return out;
}

Flops flops(const Space& space, const Arch& arch, const Lengths& lengths, int64_t vocabulary) {
  if (space.model() == "bert") return count_bert_flops(bert_arch(space, arch), lengths.source, vocabulary);
  return count_flops(translation(space, arch), lengths, vocabulary);
}

}  // namespace mosaic::mos
