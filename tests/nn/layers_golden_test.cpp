// Activations and norms against PyTorch: tests/golden/layers/*.safetensors, made by
// tests/peers/layers_golden.py.
#include "tests/nn/golden.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

using Tensors = std::vector<Tensor>;

SafetensorsFile layers_golden(const std::string& name) {
  return SafetensorsFile(std::string(MOSAIC_TESTS_FOLDER "/golden/layers/") + name + ".safetensors");
}

// The result and the gradient of every input of `name`, in double and single precision.
void compare(const SafetensorsFile& file, const std::string& name, const std::vector<std::string>& inputs,
             const std::function<Tensor(const Tensors&)>& f) {
  CAPTURE(name);
  for (const DType dtype : {f64, f32}) {
    CAPTURE(dtype);
    const double tolerance = dtype == f64 ? 1e-12 : 3e-6;
    Tensors given;
    for (const std::string& input : inputs) {
      given.push_back(file.tensor(cat(name, ".", input)).to(dtype).detach());
      given.back().track();
    }
    const Tensor y = f(given);
    CHECK(relative_difference(y, file.tensor(name + ".y")) < tolerance);
    y.backward(file.tensor(name + ".cotangent").to(dtype));
    for (size_t i = 0; i < inputs.size(); ++i) {
      CAPTURE(inputs[i]);
      CHECK(relative_difference(given[i].grad(), file.tensor(cat(name, ".gradient.", inputs[i]))) <
            tolerance);
    }
  }
}

}  // namespace

TEST_CASE("activations equal PyTorch's") {
  const SafetensorsFile file = layers_golden("activations");
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>> functions{
      {"silu", silu},
      {"gelu", gelu},
      {"gelu_tanh", gelu_tanh},
      {"mish", mish},
      {"softplus", softplus},
      {"log_sigmoid", log_sigmoid},
      {"elu", [](const Tensor& x) { return elu(x, 0.7); }},
      {"selu", selu},
      {"leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.2); }},
      {"hard_sigmoid", hard_sigmoid},
      {"hard_swish", hard_swish},
      {"glu", [](const Tensor& x) { return glu(x); }},
      {"reglu", [](const Tensor& x) { return glu(x, Gate::relu); }},
      {"geglu", [](const Tensor& x) { return glu(x, Gate::gelu); }},
      {"geglu_tanh", [](const Tensor& x) { return glu(x, Gate::gelu_tanh); }},
      {"swiglu", [](const Tensor& x) { return glu(x, Gate::silu); }}};
  for (const auto& [name, f] : functions) {
    compare(file, name, {"x"}, [&f = f](const Tensors& in) { return f(in[0]); });
  }
  CHECK(file.entries().size() == 4 * functions.size());  // every tensor of the file was used
}

TEST_CASE("RMS norm equals PyTorch's") {
  compare(layers_golden("norms"), "rms", {"x", "gamma"},
          [](const Tensors& in) { return rms_norm(in[0], in[1]); });
}
