#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/op_case.h"

using namespace mosaic;

TEST_CASE("rows that rest keep their state whatever their gates hold") {
  Generator rng(4);
  const Tensor state = normal({2, 6}, 0, 1, rng), gates = Tensor::full({2, 12}, std::nan(""));
  const Tensor none = Tensor::zeros({2}, u8);
  CHECK(test::same_bits(lstm_cell(gates, gates, state, none), state));
  const Tensor three = Tensor::full({2, 18}, std::nan(""));
  CHECK(test::same_bits(gru_cell(three, three, state, none), state));
}

TEST_CASE("sequence ops say what does not fit") {
  const Tensor x = Tensor::zeros({2, 3, 8}), table = Tensor::zeros({3, 2});
  CHECK_THROWS_AS(rotary(x, table, Tensor::zeros({3, 1}), {}), ShapeError);
  CHECK_THROWS_AS(rotary(x, Tensor::zeros({4, 2}), Tensor::zeros({4, 2}), {}), ShapeError);
  CHECK_THROWS_AS(rotary(x, table, table, {.heads = 3}), ShapeError);
  CHECK_THROWS_AS(rotary(x, table, table, {.heads = 4}), ShapeError);
  CHECK_THROWS_AS(rotary(x, table.to(f64), table, {}), DtypeError);
  const Tensor gates = Tensor::zeros({2, 12}), state = Tensor::zeros({2, 6});
  CHECK_THROWS_AS(lstm_cell(gates, Tensor::zeros({2, 8}), state), ShapeError);
  CHECK_THROWS_AS(lstm_cell(gates, gates, Tensor::zeros({2, 4})), ShapeError);
  CHECK_THROWS_AS(lstm_cell(gates, gates, state, Tensor::zeros({3}, u8)), ShapeError);
  CHECK_THROWS_AS(lstm_cell(gates, gates, state, Tensor::zeros({2})), DtypeError);
  CHECK_THROWS_AS(gru_cell(gates, gates, state), ShapeError);
  CHECK_THROWS_AS(gru_cell(gates, gates, Tensor::zeros({3, 4})), ShapeError);
}
