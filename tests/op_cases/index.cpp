// Lookups against products with one-hot matrices.
#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

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

TEST_CASE("ops: lookups") {
  check_cases({
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
  });
}

TEST_CASE("ops: the padding row of an embedding has no gradient") {
  const Tensor table = Tensor::full({4, 3}, 1).track();
  sum(embedding(table, ids_of({1, 2, 1, 1}, {4}), 1)).backward();
  CHECK(table.grad().values() == std::vector<double>{0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0});
  table.zero_grad();
  sum(embedding(table, ids_of({1, 2, 1, 1}, {4}))).backward();
  sum(embedding(table, ids_of({0}, {1}))).backward();  // a second sweep adds
  CHECK(table.grad().values() == std::vector<double>{1, 1, 1, 3, 3, 3, 1, 1, 1, 0, 0, 0});
}

TEST_CASE("ops: lookups name the first bad index") {
  const Tensor table = Tensor::zeros({4, 3});
  CHECK_THROWS_WITH_AS(embedding(table, ids_of({0, 4, 9}, {3})),
                       "[embedding] id 4 at position 1 lies outside 0..3", ArgumentError);
  CHECK_THROWS_WITH_AS(embedding(table, ids_of({-1}, {1})),
                       "[embedding] id -1 at position 0 lies outside 0..3", ArgumentError);
  CHECK_THROWS_AS(index_select(table, ids_of({4}, {1})), ArgumentError);
  CHECK_THROWS_AS(gather(table, ids_of({0, 1, 3, 0}, {4})), ArgumentError);
  CHECK_THROWS_AS(gather(table, ids_of({0, 1, 2}, {3})), ShapeError);
  CHECK_THROWS_AS(embedding(table, Tensor::zeros({2})), DtypeError);
  CHECK(embedding(table, ids_of({}, {0})).shape() == Shape{0, 3});
  CHECK(index_select(arange(5), ids_of({4, 0}, {2})).values() == std::vector<double>{4, 0});
}

TEST_CASE("ops: embedding gradients of many equal ids are the same on one and two threads") {
  Generator rng(11);
  std::vector<int32_t> ids;
  for (int i = 0; i < 5000; ++i) ids.push_back(static_cast<int32_t>(rng.below(rng.below(300) + 1)));
  const Tensor table = normal({300, 72}, 0, 1, rng).track(), seed = normal({5000, 72}, 0, 1, rng);
  const int before = threads();
  Tensors gradients;
  for (const int team : {1, 2}) {
    set_threads(team);
    table.zero_grad();
    embedding(table, ids_of(ids, {5000})).backward(seed);
    gradients.push_back(table.grad() * 1);
  }
  set_threads(before);
  CHECK(same_bits(gradients[0], gradients[1]));
}
