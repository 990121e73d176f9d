// What the tests of BERT supernets share: small supernets and random batches of masked tokens.
#pragma once

#include "mos/super_bert.h"
#include "tests/support/translation.h"

namespace mosaic::test {

inline const std::vector<const char*>& bert_spaces() {
  static const std::vector<const char*> names{"bert-bottleneck-nano", "bert-homogeneous-nano"};
  return names;
}

inline mos::SuperBert::Options bert_options(const mos::MixtureOptions& mixture) {
  return {.vocabulary = vocabulary,
          .positions = 16,
          .mixture = mixture,
          .expert_start = mos::ExpertStart::independent,
          .attention_dropout = 0};
}

inline mos::SuperBert nano_bert(const std::string& space, mos::Routing routing, uint64_t seed = 7) {
  return mos::SuperBert(mos::space_named(space), bert_options(mixture(routing)), Generator(seed));
}

struct MaskedBatch {
  nn::BertInput input;
  Tensor places, targets;  // i32 {n}
};

// Rows of `length`, `length - 1`, ... tokens, of which every third is to be predicted. Row r's first segment
// ends at its third token.
inline MaskedBatch masked_batch(int64_t rows, int64_t length, Generator rng) {
  std::vector<int32_t> ids, types, places, targets;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t t = 0; t < length; ++t) {
      const bool real = t < length - r;
      if (real && t % 3 == 1) {
        places.push_back(static_cast<int32_t>(ids.size()));
        targets.push_back(static_cast<int32_t>(3 + rng.below(vocabulary - 3)));
      }
      ids.push_back(real ? static_cast<int32_t>(3 + rng.below(vocabulary - 3)) : 0);
      types.push_back(real && t >= 3 ? 1 : 0);
    }
  }
  const auto list = [](const std::vector<int32_t>& v) {
    return Tensor::from(std::span<const int32_t>(v), {static_cast<int64_t>(v.size())});
  };
  return {
      {.ids = reshape(list(ids), {rows, length}), .types = reshape(list(types), {rows, length}), .mask = {}},
      list(places),
      list(targets)};
}

inline Tensor masked_logits(const nn::Bert& model, const MaskedBatch& batch,
                            const nn::Context& context = {}) {
  return model.mlm_logits(model.encode(batch.input, context), batch.places);
}

inline Tensor masked_loss(const nn::Bert& model, const MaskedBatch& batch, const nn::Context& context = {}) {
  return sum(cross_entropy(masked_logits(model, batch, context), batch.targets));
}

inline Tensor quiet_logits(const nn::Bert& model, const MaskedBatch& batch) {
  const NoGrad quiet;
  return masked_logits(model, batch);
}

}  // namespace mosaic::test
