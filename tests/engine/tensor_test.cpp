#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>

#include "engine/engine.h"
#include "tests/support/op_case.h"

using namespace mosaic;

namespace {

Tensor counting(const Shape& shape) {
  std::vector<double> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  return Tensor::from(values, shape);
}

}  // namespace

TEST_CASE("shape: axes, broadcasting and messages") {
  const Shape shape{2, 3, 4};
  CHECK(shape.numel() == 24);
  CHECK(shape[-1] == 4);
  CHECK(shape.without(1) == Shape{2, 4});
  CHECK(shape.inserted(3, 7) == Shape{2, 3, 4, 7});
  CHECK(Shape::broadcast({2, 1, 4}, {3, 1}) == Shape{2, 3, 4});
  CHECK_THROWS_WITH_AS(Shape::broadcast({2, 3}, {4, 3}), "[broadcast] {2, 3} and {4, 3} differ at axis -2",
                       ShapeError);
  CHECK_THROWS_AS(shape[3], ShapeError);
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1}), ShapeError);
  CHECK_THROWS_AS((Shape{int64_t{1} << 40, int64_t{1} << 40}.numel()), ShapeError);
}

TEST_CASE("tensor: layouts of views") {
  const Tensor x = counting({3, 4});
  CHECK(x.is_dense());
  const Tensor column = slice(x, 1, 1, 3);
  CHECK(column.values() == std::vector<double>{1, 2, 5, 6, 9, 10});
  CHECK_FALSE(column.is_dense());
  CHECK(column.is_row_strided());
  CHECK_FALSE(transpose(x).is_row_strided());
  CHECK(transpose(x).values() == std::vector<double>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
  CHECK(transpose(x).storage() == x.storage());
  CHECK(leading(x, {2, 2}).values() == std::vector<double>{0, 1, 4, 5});
  CHECK(reshape(x, {2, -1}).shape() == Shape{2, 6});
  CHECK_THROWS_AS(column.host<double>(), ShapeError);
  CHECK_THROWS_AS(x.host<float>(), DtypeError);
  CHECK(column.dense().host<double>()[3] == 6);
  CHECK(Tensor::zeros({0, 3}).is_dense());
}

TEST_CASE("tensor: printing, items and casts") {
  std::ostringstream out;
  out << counting({2, 2}).to(f32);
  CHECK(out.str() == "Tensor{2, 2} f32 cpu [[0, 1], [2, 3]]");
  CHECK(Tensor::scalar(2.5).item<double>() == 2.5);
  CHECK_THROWS_AS(counting({2}).item<float>(), ShapeError);
  CHECK(Tensor::from(std::vector<double>{1.9, -1.9}, {2}).to(i32).values() == std::vector<double>{1, -1});
  CHECK_THROWS_AS(Tensor::from(std::vector<float>{1, 2, 3}, {2, 2}), ShapeError);
}

TEST_CASE("errors name the module they happened in") {
  const std::string path = "decoder.layers.3.ffn.fc1";
  const Scope scope(path);
  CHECK_THROWS_WITH_AS(linear(Tensor::zeros({32, 640}), Tensor::zeros({512, 768})),
                       doctest::Contains("in decoder.layers.3.ffn.fc1"), ShapeError);
}

TEST_CASE("allocator: a repeated step asks the system for nothing") {
  Tensor w = Tensor::full({64, 64}, 0.01);
  w.track();
  const auto step = [&] {
    const Tensor x = Tensor::full({64, 64}, 0.5);
    w.zero_grad();
    sum(relu(matmul(x + x, w))).backward();
  };
  step();
  step();
  const AllocatorStats before = allocator().stats();
  step();
  const AllocatorStats after = allocator().stats();
  CHECK(after.raw_allocs == before.raw_allocs);
  CHECK(after.hits > before.hits);
  CHECK(after.current == before.current);
}

TEST_CASE("allocator: failing requests say how much was wanted and leave it usable") {
  Allocator small([](size_t bytes) { return bytes > 4096 ? nullptr : std::aligned_alloc(64, bytes); },
                  std::free);
  CHECK_THROWS_AS(small.allocate(1 << 20), ResourceError);
  const Allocator::Block block = small.allocate(100);
  CHECK(block.bytes >= 100);
  small.release(block);
  CHECK(small.allocate(90).data == block.data);
}
