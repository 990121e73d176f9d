#include "mos/bert_cost.h"

#include "engine/core/error.h"

namespace mosaic::mos {

int64_t paper_bert_parameters(const BertArch& sizes, int64_t vocabulary) {
  const int64_t d = sizes.stream, last = sizes.layers.back().hidden;
  int64_t count = (vocabulary + 512 + 2) * d + 2 * d;
  int64_t before = d;
  for (const auto& [h, unused, f] : sizes.layers) {
    count += 4 * (h * h + h) + 2 * h * f + f + h + 4 * h;
    if (sizes.bottlenecks) count += before * h + h;  // out of the layer before times into this one
    before = h;
  }
  if (sizes.bottlenecks) count += last * d + d;
  return count + d * d + d + 2 * last;
}

Parameters count_bert_parameters(const BertArch& sizes, const BertTables& tables, const Mixture& mixture) {
  check(mixture.experts >= 1, "parameters", mixture.experts, " experts, at least 1 is needed");
  const int64_t d = sizes.stream;
  Parameters out;
  for (const auto& [h, unused, f] : sizes.layers) {
    out.body += 4 * (h * h + h) + 2 * h;  // attention and its norm
    out += feed_forward_parameters(h, f, mixture);
    if (sizes.bottlenecks) out.body += (d * h + h) + (h * d + d);
  }
  out.embeddings = (tables.vocabulary + tables.positions + tables.types) * d + 2 * d;
  out.embeddings += d * d + d + 2 * d + tables.vocabulary;  // the head; its matrix is the word table
  return out;
}

Flops count_bert_flops(const BertArch& sizes, int64_t length, int64_t vocabulary) {
  const int64_t n = length, d = sizes.stream;
  Flops out;
  for (const auto& [h, unused, f] : sizes.layers) {
    out.encoder += 2 * (4 * n * h * h + 2 * n * n * h + 2 * n * h * f);
    if (sizes.bottlenecks) out.encoder += 2 * 2 * n * d * h;
  }
  out.output = 2 * n * d * (d + vocabulary);
  return out;
}

}  // namespace mosaic::mos
