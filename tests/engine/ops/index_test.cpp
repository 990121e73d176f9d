// Lookups: the padding row, bad indices, threads.
#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {

Tensor ids_of(const std::vector<int32_t>& values, const Shape& shape) {
  return Tensor::from(values, shape);
}

}  // namespace

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
