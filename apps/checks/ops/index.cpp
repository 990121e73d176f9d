// Lookups against products with one-hot matrices.
#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

Tensor ids_of(const std::vector<int32_t>& values, const Shape& shape) {
  return Tensor::from(values, shape);
}

// {n, classes} with a one at each id.
Tensor one_hot(const Tensor& ids, int64_t classes, DType dtype) {
  return equal(unsqueeze(reshape(ids, {-1}), 1), arange(classes)).to(dtype);
}

const Tensor some = ids_of({3, 0, 3, 1, 3, 5}, {2, 3});

}  // namespace

std::vector<OpCase> lookup_cases() {
  return {
      {.name = "embedding",
       .inputs = {{6, 5}},
       .run = [](const Tensors& in) { return embedding(in[0], some.to(in[0].device())); },
       .composed =
           [](const Tensors& in) {
             return reshape(matmul(one_hot(some, 6, in[0].dtype()), in[0]), {2, 3, 5});
           }},
      {.name = "embedding/wide",
       .inputs = {{6, 100}},
       .run = [](const Tensors& in) { return embedding(in[0], some.to(in[0].device())); }},
      {.name = "embedding/column slice",
       .inputs = {{6, 8}},
       .run =
           [](const Tensors& in) {
             return square(embedding(slice(in[0], 1, 2, 7), some.to(in[0].device())));
           },
       .composed =
           [](const Tensors& in) {
             return square(
                 reshape(matmul(one_hot(some, 6, in[0].dtype()), slice(in[0], 1, 2, 7)), {2, 3, 5}));
           }},
      {.name = "embedding/tied",
       .inputs = {{6, 5}},
       .run = [](const Tensors& in) { return linear(embedding(in[0], some.to(in[0].device())), in[0]); }},
      {.name = "index_select",
       .inputs = {{6, 5}},
       .run = [](const Tensors& in) { return index_select(in[0], reshape(some.to(in[0].device()), {-1})); },
       .composed = [](const Tensors& in) { return matmul(one_hot(some, 6, in[0].dtype()), in[0]); }},
      {.name = "index_select/three axes",
       .inputs = {{6, 2, 3}},
       .run = [](const Tensors& in) { return index_select(in[0], reshape(some.to(in[0].device()), {-1})); },
       .composed =
           [](const Tensors& in) {
             return reshape(matmul(one_hot(some, 6, in[0].dtype()), reshape(in[0], {6, 6})), {6, 2, 3});
           }},
      {.name = "index_select/vector",
       .inputs = {{6}},
       .run = [](const Tensors& in) { return index_select(in[0], reshape(some.to(in[0].device()), {-1})); }},
      {.name = "gather",
       .inputs = {{2, 3, 7}},
       .run = [](const Tensors& in) { return gather(in[0], some.to(in[0].device())); },
       .composed =
           [](const Tensors& in) {
             return sum(in[0] * reshape(one_hot(some, 7, in[0].dtype()), {2, 3, 7}), -1);
           }},
  };
}

}  // namespace mosaic::checks
