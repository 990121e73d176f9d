// Dropout, and tensors of random numbers.
#include "apps/checks/tables.h"

namespace mosaic::checks {

std::vector<OpCase> dropout_cases() {
  const auto drop = [](const Tensor& x) {
    Generator rng(17);
    return dropout(x, 0.3, rng);
  };
  return {
      {.name = "dropout",
       .inputs = {{7, 39}},
       .run = [drop](const Tensors& in) { return drop(in[0]); },
       .composed =
           [drop](const Tensors& in) {
             return in[0] * drop(Tensor::full(in[0].shape(), 1, in[0].dtype()));  // the mask
           }},
      {.name = "dropout/twice",
       .inputs = {{5}},
       .run = [drop](const Tensors& in) { return drop(in[0]) * in[0]; }},
  };
}

// The input gives the dtype and the device only.
std::vector<OpCase> creation_cases() {
  const auto made = [](const char* name, Tensor (*f)(DType, Device)) {
    return OpCase{.name = name,
                  .inputs = {{1}},
                  .run = [f](const Tensors& in) { return f(in[0].dtype(), in[0].device()); },
                  .differentiable = false};
  };
  return {
      made("arange", [](DType dtype, Device device) { return arange(77, dtype, device); }),
      made("uniform",
           [](DType dtype, Device device) {
             Generator rng(123, 77);
             return uniform({1027}, -1, 3, rng, dtype, device);
           }),
      made("normal",
           [](DType dtype, Device device) {
             Generator rng(123, 77);
             return normal({33, 31}, 5, 2, rng, dtype, device);
           }),
  };
}

}  // namespace mosaic::checks
