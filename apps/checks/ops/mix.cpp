#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

// Broadcast product and sum; alpha {m} or {out, m} to {m, out or 1, 1}.
Tensor composed_mix(const Tensors& t) {
  const Tensor &alpha = t[0], &experts = t[1];
  Tensor weight = alpha.rank() == 1 ? unsqueeze(alpha, 1) : transpose(alpha);
  if (experts.rank() == 3) weight = unsqueeze(weight, 2);
  return sum(weight * experts, 0);
}

OpCase mix_case(const char* name, const Shape& alpha, const Shape& experts) {
  return {.name = name,
          .inputs = {alpha, experts},
          .run = [](const Tensors& t) { return mix_experts(t[0], t[1]); },
          .composed = composed_mix};
}

}  // namespace

std::vector<OpCase> mix_cases() {
  return {
      mix_case("mix_experts/shared", {2}, {2, 7, 33}),
      mix_case("mix_experts/neuron", {7, 2}, {2, 7, 33}),
      mix_case("mix_experts/shared bias", {3}, {3, 21}),
      mix_case("mix_experts/neuron bias", {21, 3}, {3, 21}),
      mix_case("mix_experts/one expert", {1}, {1, 3, 4}),
      mix_case("mix_experts/five experts", {6, 5}, {5, 6, 10}),
      mix_case("mix_experts/nine experts", {9}, {9, 4, 18}),
      mix_case("mix_experts/one column", {4, 2}, {2, 4, 1}),
      mix_case("mix_experts/empty", {2}, {2, 0, 5}),
  };
}

}  // namespace mosaic::checks
