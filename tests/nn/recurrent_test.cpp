// LSTM and GRU against PyTorch, step by step and under padding.
#include "nn/layers/recurrent.h"

#include "tests/nn/golden.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

Tensor random(const Shape& shape, uint64_t seed, DType dtype = f64) {
  Generator rng(seed);
  return normal(shape, 0, 1, rng, dtype);
}

Tensor bytes(std::initializer_list<uint8_t> values, const Shape& shape) {
  const std::vector<uint8_t> list(values);
  return Tensor::from(std::span<const uint8_t>(list), shape);
}

Tensor mask_of(const Tensor& lengths, int64_t length) {
  return less(arange(length), unsqueeze(lengths, 1));
}

void require_ok(const GradcheckResult& result) {
  INFO(result.where);
  CHECK(result.ok);
}

// One golden case: values, final states and every gradient. `call` gives y, h and, of an LSTM, c.
template <class Model>
void compare_on(Device device, const std::string& name, RecurrentOptions options,
                const std::vector<const char*>& starts,
                const std::function<std::vector<Tensor>(const Model&, const Tensor&, const Tensor&,
                                                        const std::vector<Tensor>&)>& call) {
  CAPTURE(name);
  const SafetensorsFile file = sequence_golden("recurrent");
  const auto golden = [&](const std::string& key) { return file.tensor(name + key).to(device); };
  options.in = 5, options.hidden = 4;
  for (const DType dtype : {f64, f32}) {
    const double tolerance = dtype == f64 ? 1e-12 : 5e-6;
    Model model(options);
    assign_parameters(model,
                      [&](const std::string& key, const Shape&) { return golden(key).to(dtype).track(); });
    Tensor x = golden("x").to(dtype).track();
    std::vector<Tensor> given;
    for (const char* key : starts) given.push_back(golden(key).to(dtype).track());
    const std::vector<Tensor> results = call(model, x, mask_of(file.tensor("lengths"), 6).to(device), given);
    std::vector<Tensor> seeds;
    const char* names[] = {"y", "h", "c"};
    for (size_t i = 0; i < results.size(); ++i) {
      CHECK(relative_difference(results[i], golden(names[i])) < tolerance);
      seeds.push_back(golden(std::string("cotangent.") + names[i]).to(dtype));
    }
    backward(results, seeds);
    CHECK(relative_difference(x.grad(), golden("gradient.x")) < tolerance);
    for (size_t i = 0; i < starts.size(); ++i)
      CHECK(relative_difference(given[i].grad(), golden(std::string("gradient.") + starts[i])) < tolerance);
    for (const NamedTensor& parameter : named_parameters(model)) {
      CAPTURE(parameter.name);
      CHECK(relative_difference(parameter.tensor.grad(), golden("gradient." + parameter.name)) < tolerance);
    }
  }
}

template <class Model, class Call>
void compare_case(const std::string& name, const RecurrentOptions& options,
                  const std::vector<const char*>& starts, const Call& call) {
  test::for_each_device([&](Device device) { compare_on<Model>(device, name, options, starts, call); });
}

const RecurrentOptions both{.in = 3, .hidden = 4, .layers = 2, .bidirectional = true};

}  // namespace

TEST_CASE("LSTM and GRU equal PyTorch's on packed sequences, on every device") {
  const std::pair<const char*, RecurrentOptions> cases[] = {
      {"plain.", {.in = 0, .hidden = 0}},
      {"bare.", {.in = 0, .hidden = 0, .layers = 2, .bias = false}},
      {"both.", {.in = 0, .hidden = 0, .layers = 2, .bidirectional = true}}};
  for (const auto& [name, options] : cases) {
    compare_case<Lstm>(
        std::string("lstm.") + name, options, {"h0", "c0"},
        [](const Lstm& model, const Tensor& x, const Tensor& mask, const std::vector<Tensor>& s) {
          const Lstm::Result r = model(x, mask, {s[0], s[1]});
          return std::vector<Tensor>{r.y, r.state.h, r.state.c};
        });
    compare_case<Gru>(
        std::string("gru.") + name, options, {"h0"},
        [](const Gru& model, const Tensor& x, const Tensor& mask, const std::vector<Tensor>& s) {
          const Gru::Result r = model(x, mask, s[0]);
          return std::vector<Tensor>{r.y, r.h};
        });
  }
}

TEST_CASE("gradients through recurrent layers with gaps in the mask and dropout between layers") {
  const Tensor mask = bytes({1, 1, 1, 1, 0, 1}, {2, 3});
  RecurrentOptions options = both;
  options.dropout = 0.3;
  Lstm lstm(options);
  require_ok(check_gradients(
      lstm, {random({2, 3, 3}, 1), random({4, 2, 4}, 2), random({4, 2, 4}, 3)}, [&](const auto& in) {
        Generator rng(6);
        const Lstm::Result r = lstm(in[0], mask, {in[1], in[2]}, {.training = true, .rng = &rng});
        const Tensor parts[] = {reshape(r.y, {-1}), reshape(r.state.h, {-1}), reshape(r.state.c, {-1})};
        return concat(parts, 0);
      }));
  Gru gru(options);
  require_ok(check_gradients(gru, {random({2, 3, 3}, 1), random({4, 2, 4}, 2)}, [&](const auto& in) {
    Generator rng(6);
    const Gru::Result r = gru(in[0], mask, in[1], {.training = true, .rng = &rng});
    const Tensor parts[] = {reshape(r.y, {-1}), reshape(r.h, {-1})};
    return concat(parts, 0);
  }));
}

TEST_CASE("padding leaves states unchanged: a padded sequence gives what it gives alone, whatever pads it") {
  Generator rng(2);
  const Lstm lstm(both, rng);
  const Gru gru(both, rng);
  const Tensor x = random({2, 5, 3}, 4, f32), other = Tensor::empty({2, 5, 3});
  copy_(other, x);
  fill_(slice(slice(other, 0, 1, 2), 1, 3, 5), 9);
  const Tensor mask = mask_of(ids({5, 3}, {2}), 5), alone = slice(slice(x, 0, 1, 2), 1, 0, 3);
  const auto row = [](const Tensor& states) { return slice(states, 1, 1, 2); };

  const Lstm::Result a = lstm(x, mask), b = lstm(other, mask), c = lstm(alone);
  CHECK(test::same_bits(a.y, b.y));
  CHECK(test::same_bits(a.state.c, b.state.c));
  CHECK(largest_difference(row(a.state.h), c.state.h) < 1e-6);
  CHECK(largest_difference(row(a.state.c), c.state.c) < 1e-6);
  CHECK(largest_difference(slice(slice(a.y, 0, 1, 2), 1, 0, 3), c.y) < 1e-6);
  CHECK(squared_norm(slice(slice(a.y, 0, 1, 2), 1, 3, 5)) == 0);

  const Gru::Result g = gru(x, mask), h = gru(other, mask), k = gru(alone);
  CHECK(test::same_bits(g.y, h.y));
  CHECK(largest_difference(row(g.h), k.h) < 1e-6);
  CHECK(largest_difference(slice(slice(g.y, 0, 1, 2), 1, 0, 3), k.y) < 1e-6);
  CHECK(squared_norm(slice(slice(g.y, 0, 1, 2), 1, 3, 5)) == 0);
}

TEST_CASE("a sequence in two pieces, its state handed on, gives what it gives whole") {
  Generator rng(2);
  const RecurrentOptions options{.in = 3, .hidden = 5, .layers = 2};
  const Lstm lstm(options, rng);
  const Gru gru(options, rng);
  const Tensor x = random({3, 6, 3}, 4, f32), first = slice(x, 1, 0, 2), second = slice(x, 1, 2, 6);
  const Lstm::Result whole = lstm(x), piece = lstm(second, {}, lstm(first).state);
  CHECK(largest_difference(whole.state.h, piece.state.h) < 1e-6);
  CHECK(largest_difference(whole.state.c, piece.state.c) < 1e-6);
  CHECK(largest_difference(slice(whole.y, 1, 2, 6), piece.y) < 1e-6);
  CHECK(largest_difference(gru(x).h, gru(second, {}, gru(first).h).h) < 1e-6);
}

TEST_CASE("recurrent layers: the same bits twice, empty batches and lengths, dropout between layers only") {
  Generator rng(2);
  const Lstm lstm(both, rng);
  const Gru gru(both, rng);
  const Tensor x = random({3, 4, 3}, 4, f32);
  CHECK(test::same_bits(lstm(x).y, lstm(x).y));
  CHECK(test::same_bits(gru(x).y, gru(x).y));
  CHECK(lstm(Tensor::zeros({0, 4, 3})).y.shape() == Shape{0, 4, 8});
  CHECK(gru(Tensor::zeros({0, 4, 3}), Tensor::zeros({0, 4}, u8)).h.shape() == Shape{4, 0, 4});
  const Tensor start = random({4, 2, 4}, 5, f32);
  const Gru::Result none = gru(Tensor::zeros({2, 0, 3}), {}, start);
  CHECK(none.y.shape() == Shape{2, 0, 8});
  CHECK(test::same_bits(none.h, start));

  const auto dropped = [&](int64_t layers) {
    Generator draws(3), values(7);
    const Gru model({.in = 3, .hidden = 4, .layers = layers, .dropout = 0.5}, values);
    const Context training{.training = true, .rng = &draws};
    return largest_difference(model(x, {}, {}, training).y, model(x).y);
  };
  CHECK(dropped(1) == 0);
  CHECK(dropped(2) > 1e-3);
}

TEST_CASE("recurrent layers say what does not fit") {
  Generator rng(2);
  const Lstm lstm({.in = 3, .hidden = 4}, rng);
  const Gru gru({.in = 3, .hidden = 4}, rng);
  const Tensor x = Tensor::zeros({2, 5, 3}), h = Tensor::zeros({1, 2, 4});
  CHECK_THROWS_AS(lstm(Tensor::zeros({2, 5, 4})), ShapeError);
  CHECK_THROWS_AS(lstm(Tensor::zeros({5, 3})), ShapeError);
  CHECK_THROWS_AS(lstm(x, Tensor::zeros({2, 4}, u8)), ShapeError);
  CHECK_THROWS_AS(lstm(x, Tensor::zeros({2, 5})), DtypeError);
  CHECK_THROWS_AS(lstm(x, {}, {h, {}}), ArgumentError);
  CHECK_THROWS_AS(lstm(x, {}, {h, Tensor::zeros({2, 2, 4})}), ShapeError);
  CHECK_THROWS_AS(gru(x, {}, Tensor::zeros({1, 3, 4})), ShapeError);
  CHECK_THROWS_AS(Gru({.in = 0, .hidden = 4}), ArgumentError);
  CHECK_THROWS_AS(Gru({.in = 3, .hidden = 4, .layers = 0}), ArgumentError);
  CHECK_THROWS_AS(Gru({.in = 3, .hidden = 4, .dropout = 1}), ArgumentError);
}
