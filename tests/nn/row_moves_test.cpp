#include "nn/layers/row_moves.h"

#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

Tensor counted(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return Tensor::from(std::span<const float>(values), shape);
}

}  // namespace

TEST_CASE("rows move as index_select says, in place where nothing is lost") {
  struct Case {
    std::vector<int32_t> from;
    bool in_place;
  };
  for (const Case& c :
       {Case{{0, 1, 2, 3}, true}, Case{{0, 1, 2}, true}, Case{{3, 1}, true},  // a hole filled by the last row
        Case{{0, 0, 2, 2}, true},  // two hypotheses take the places of others
        Case{{0, 3, 2}, true}, Case{{1, 0, 2, 3}, false}, Case{{1, 2, 3}, false}, Case{{0, 0, 1, 1}, false},
        Case{{0, 0, 1, 1, 2, 2, 3, 3}, false}}) {
    const RowMoves moves(c.from, 4, cpu());
    CHECK(moves.in_place() == c.in_place);
    const Tensor expected =
        index_select(counted({4, 3, 5}), Tensor::from(c.from, {static_cast<int64_t>(c.from.size())}));
    const Tensor x = counted({4, 3, 5});
    CHECK(largest_difference(moves(x), expected) == 0);
    CHECK((moves(counted({4, 3})).shape() == Shape{static_cast<int64_t>(c.from.size()), 3}));
    const Tensor part = moves(counted({4, 3, 5}), 2);
    CHECK(largest_difference(slice(part, 1, 0, 2).dense(), slice(expected, 1, 0, 2).dense()) == 0);
    if (c.in_place) {
      CHECK(moves(x).storage() == x.storage());
      CHECK(largest_difference(moves(x), expected) == 0);  // once more changes nothing
    }
  }
  const Tensor strided = slice(counted({4, 3, 10}), 2, 2, 7);
  const std::vector<int32_t> from{0, 3};
  CHECK(largest_difference(RowMoves(from, 4, cpu())(strided), index_select(strided, ids({0, 3}, {2}))) == 0);
  CHECK_THROWS_AS(RowMoves(std::vector<int32_t>{0, 4}, 4, cpu()), ArgumentError);
  CHECK_THROWS_AS(RowMoves(std::vector<int32_t>{-1}, 4, cpu()), ArgumentError);
  CHECK_THROWS_AS(RowMoves(from, 4, cpu())(counted({5, 3})), ShapeError);
  CHECK_THROWS_AS(RowMoves(from, 4, cpu())(counted({4, 3}), 4), ShapeError);
}

TEST_CASE("kept rows stay where they are but for those that fill holes") {
  const auto kept = [](std::vector<uint8_t> go_on) { return kept_rows(go_on); };
  CHECK(kept({}).empty());
  CHECK(kept({0, 0}).empty());
  CHECK(kept({1, 1, 1}) == std::vector<int32_t>{0, 1, 2});
  CHECK(kept({1, 0, 1, 1, 0, 1}) == std::vector<int32_t>{0, 5, 2, 3});
  CHECK(kept({0, 0, 0, 1}) == std::vector<int32_t>{3});
  CHECK(kept({1, 1, 0}) == std::vector<int32_t>{0, 1});
  Generator rng(2);
  for (int run = 0; run < 50; ++run) {
    std::vector<uint8_t> go_on(1 + rng.below(20));
    for (uint8_t& on : go_on) on = static_cast<uint8_t>(rng.below(2));
    std::vector<int32_t> rows = kept_rows(go_on);
    CHECK(RowMoves(rows, static_cast<int64_t>(go_on.size()), cpu()).in_place());
    std::sort(rows.begin(), rows.end());
    std::vector<int32_t> expected;
    for (size_t i = 0; i < go_on.size(); ++i) {
      if (go_on[i] != 0) expected.push_back(static_cast<int32_t>(i));
    }
    CHECK(rows == expected);
  }
}
