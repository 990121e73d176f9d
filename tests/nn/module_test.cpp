// The module tree: names, initialisation, state dicts, loading, printing.
#include <sstream>

#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

// Two layers that share one weight.
class Tied final : public Module {
 public:
  void visit(Visitor& v) override {
    v.parameter("first", first, {3, 3}, Init::xavier(3, 3));
    v.parameter("second", second, {3, 3}, Init::xavier(3, 3));
    v.buffer("steps", steps, {1});
  }
  Tensor first, second, steps = Tensor::full({1}, 4);
};

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("parameters have absolute names, shapes and streams of their own") {
  Generator rng(1);
  MLP model({.in = 2, .hidden = 16, .out = 1, .layers = 2}, rng);
  std::vector<std::string> names;
  for (const NamedTensor& parameter : named_parameters(model)) {
    names.push_back(parameter.name);
    CHECK(parameter.tensor.tracked());
    CHECK(parameter.tensor.name() == parameter.name);
  }
  CHECK(names == std::vector<std::string>{"layers.0.weight", "layers.0.bias", "layers.1.weight",
                                          "layers.1.bias", "layers.2.weight", "layers.2.bias"});
  CHECK(parameter_count(model) == 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1);

  Linear a({.in = 4, .out = 4}, rng), b({.in = 4, .out = 4}, rng);
  CHECK(a.weight().values() != b.weight().values());  // equal layers built one after another differ
}

TEST_CASE("initial values depend on the name only, not on what was made before") {
  Linear alone({.in = 3, .out = 2});
  MLP model({.in = 3, .hidden = 2, .out = 2});
  initialise(model, Generator(7));
  Generator stream = Generator(7).fork("layers.0.weight");
  CHECK(state_dict(model).at("layers.0.weight").values() ==
        make(Init::xavier(3, 2), {2, 3}, stream).values());
}

TEST_CASE("initial distributions") {
  Generator rng(3);
  const double bound = std::sqrt(6.0 / (64 + 32));
  double largest = 0, sum = 0;
  const std::vector<double> values = make(Init::xavier(64, 32), {32, 64}, rng).values();
  for (const double v : values) {
    largest = std::max(largest, std::abs(v));
    sum += v * v;
  }
  CHECK(largest <= bound);
  CHECK(largest > 0.99 * bound);
  CHECK(sum / static_cast<double>(values.size()) == doctest::Approx(bound * bound / 3).epsilon(0.05));

  Embedding table({.rows = 50, .width = 64, .padding = 1}, rng);
  const std::vector<double> rows = table.table().values();
  double square = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i / 64 == 1) CHECK(rows[i] == 0);
    square += rows[i] * rows[i];
  }
  CHECK(square / (49 * 64) == doctest::Approx(1.0 / 64).epsilon(0.08));
}

TEST_CASE("a state dict fills another model with the same values") {
  Generator rng(2);
  MLP from({.in = 3, .hidden = 5, .out = 2}, rng), to({.in = 3, .hidden = 5, .out = 2}, rng);
  const Tensor x = normal({4, 3}, 0, 1, rng);
  CHECK(from(x).values() != to(x).values());
  CHECK(load(to, state_dict(from)).missing.empty());
  CHECK(from(x).values() == to(x).values());
  MLP undefined({.in = 3, .hidden = 5, .out = 2});
  load(undefined, state_dict(from));
  CHECK(from(x).values() == undefined(x).values());
  CHECK(named_parameters(undefined)[0].tensor.tracked());

  const StateDict copy = clone(state_dict(from));
  fill_(copy.at("layers.0.weight"), 0);
  CHECK(from(x).values() == to(x).values());
}

TEST_CASE("tied weights are listed, counted and saved once") {
  Tied model;
  initialise(model, Generator(1));
  CHECK(state_dict(model).size() == 3);
  model.second = model.first;
  CHECK(named_parameters(model).size() == 1);
  CHECK(parameter_count(model) == 9);
  const StateDict dict = state_dict(model);
  CHECK(dict.size() == 2);
  CHECK(dict.contains("steps"));
  CHECK(load(model, dict).missing.empty());
}

TEST_CASE("a dict that does not fit changes nothing and says why") {
  Generator rng(2);
  MLP model({.in = 3, .hidden = 5, .out = 2}, rng);
  const StateDict before = clone(state_dict(model));

  StateDict dict = clone(before);
  dict.erase("layers.1.bias");
  dict["layers.1.bais"] = Tensor::zeros({2});
  fill_(dict["layers.0.weight"], 9);
  const std::string missing = message_of([&] { load(model, dict); });
  CHECK(missing.find("layers.1.bias") != std::string::npos);
  CHECK(missing.find("did you mean layers.1.bais?") != std::string::npos);

  dict = clone(before);
  dict["extra"] = Tensor::zeros({2});
  CHECK(message_of([&] { load(model, dict); }).find("extra") != std::string::npos);

  dict = clone(before);
  dict["layers.0.weight"] = Tensor::zeros({3, 5});
  CHECK(message_of([&] { load(model, dict); }).find("layers.0.weight must be {5, 3}, the file has {3, 5}") !=
        std::string::npos);

  dict = clone(before);
  dict["layers.0.weight"] = Tensor::zeros({5, 3}, f64);
  CHECK(message_of([&] { load(model, dict); }).find("must be f32, the file has f64") != std::string::npos);

  for (const auto& [name, tensor] : state_dict(model)) CHECK(tensor.values() == before.at(name).values());

  dict = clone(before);
  dict.erase("layers.1.bias");
  dict["extra"] = Tensor::zeros({2});
  const LoadReport report = load(model, dict, Strict::no);
  CHECK(report.missing == std::vector<std::string>{"layers.1.bias"});
  CHECK(report.unexpected == std::vector<std::string>{"extra"});
}

TEST_CASE("a model without values says so") {
  Linear layer({.in = 2, .out = 3});
  CHECK(parameter_count(layer) == 9);
  CHECK_THROWS_WITH_AS(named_parameters(layer), doctest::Contains("weight {3, 2} has no value yet"),
                       ArgumentError);
  CHECK_THROWS_WITH_AS(assign_parameters(layer,
                                         [](const std::string&, const Shape&) {
                                           return Tensor::zeros({2, 3});
                                         }),
                       doctest::Contains("weight must be {3, 2}, was given {2, 3}"), ShapeError);
}

TEST_CASE("the printed tree shows modules, shapes and counts") {
  Generator rng(1);
  Sequential model(Linear({.in = 2, .out = 3}), Relu(), Dropout(0.5),
                   Linear({.in = 3, .out = 1, .bias = false}));
  initialise(model, rng);
  std::ostringstream out;
  print(out, model);
  CHECK(out.str() ==
        "Sequential, 12 parameters\n"
        "  0: Linear 2 -> 3, 9 parameters\n"
        "    weight {3, 2}\n"
        "    bias {3}\n"
        "  1: Relu, 0 parameters\n"
        "  2: Dropout 0.5, 0 parameters\n"
        "  3: Linear 3 -> 1 without bias, 3 parameters\n"
        "    weight {1, 3}\n");
  CHECK(model(Tensor::full({5, 2}, 1)).shape() == Shape{5, 1});
}

TEST_CASE("an error inside a model names the module") {
  Generator rng(1);
  MLP model({.in = 3, .hidden = 5, .out = 2}, rng);
  const std::string message = message_of([&] { model(Tensor::zeros({4, 7})); });
  CHECK(message.find("{4, 7}") != std::string::npos);
  INFO(message);
  CHECK(message.find("3}") != std::string::npos);
  CHECK(message.find("in layers.0") != std::string::npos);
  CHECK_THROWS_AS(Dropout(1.0), ArgumentError);
  CHECK_THROWS_WITH_AS(Dropout(0.5)(Tensor::zeros({2}), {.training = true}),
                       doctest::Contains("needs a generator"), ArgumentError);
}
