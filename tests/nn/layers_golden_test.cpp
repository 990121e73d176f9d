// Activations, norms, convolutions and pooling against PyTorch: tests/golden/layers/*.safetensors, made by
// tests/peers/layers_golden.py.
#include "tests/nn/golden.h"
#include "tests/support/devices.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

using Tensors = std::vector<Tensor>;

SafetensorsFile layers_golden(const std::string& name) {
  return SafetensorsFile(std::string(MOSAIC_TESTS_FOLDER "/golden/layers/") + name + ".safetensors");
}

// The result and the gradient of every input of `name`, in double and single precision.
void compare_on(Device device, const SafetensorsFile& file, const std::string& name,
                const std::vector<std::string>& inputs, const std::function<Tensor(const Tensors&)>& f) {
  CAPTURE(name);
  for (const DType dtype : {f64, f32}) {
    CAPTURE(dtype);
    const double tolerance = dtype == f64 ? 1e-12 : 3e-6;
    Tensors given;
    for (const std::string& input : inputs) {
      given.push_back(file.tensor(cat(name, ".", input)).to(dtype).to(device).detach());
      given.back().track();
    }
    const Tensor y = f(given);
    CHECK(relative_difference(y, file.tensor(name + ".y")) < tolerance);
    y.backward(file.tensor(name + ".cotangent").to(dtype).to(device));
    for (size_t i = 0; i < inputs.size(); ++i) {
      CAPTURE(inputs[i]);
      CHECK(relative_difference(given[i].grad(), file.tensor(cat(name, ".gradient.", inputs[i]))) <
            tolerance);
    }
  }
}

void compare(const SafetensorsFile& file, const std::string& name, const std::vector<std::string>& inputs,
             const std::function<Tensor(const Tensors&)>& f) {
  test::for_each_device([&](Device device) { compare_on(device, file, name, inputs, f); });
}

}  // namespace

TEST_CASE("activations equal PyTorch's, on every device") {
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

TEST_CASE("RMS norm equals PyTorch's, on every device") {
  compare(layers_golden("norms"), "rms", {"x", "gamma"},
          [](const Tensors& in) { return rms_norm(in[0], in[1]); });
}

TEST_CASE("batch norm equals PyTorch's, in training and after it, on every device") {
  const SafetensorsFile file = layers_golden("norms");
  const auto check_kind = [&](const std::string& name, auto layer) {
    CAPTURE(name);
    const std::vector<std::string> inputs{"x", "weight", "bias"};
    Context context{.training = true};
    const auto run = [&](const Tensors& in) {
      initialise(layer, Generator(1), in[0].dtype());
      move(layer, in[0].device());
      if (!context.training) {
        const Tensor mean = file.tensor(name + ".running_mean"),
                     variance = file.tensor(name + ".running_var");
        copy_(layer.running_mean(), mean.to(in[0].dtype()).to(in[0].device()));
        copy_(layer.running_variance(), variance.to(in[0].dtype()).to(in[0].device()));
      }
      size_t next = 1;
      assign_parameters(layer, [&](const std::string&, const Shape&) { return in[next++]; });
      return layer(in[0], context);
    };
    compare(file, name + ".train", inputs, run);  // single precision last
    CHECK(relative_difference(layer.running_mean(), file.tensor(name + ".running_mean")) < 1e-6);
    CHECK(relative_difference(layer.running_variance(), file.tensor(name + ".running_var")) < 1e-6);
    context.training = false;
    compare(file, name + ".eval", inputs, run);
  };
  check_kind("batch1d", BatchNorm1d({.channels = 4, .momentum = 0.3}));
  check_kind("batch1d.sequence", BatchNorm1d({.channels = 4, .momentum = 0.3}));
  check_kind("batch2d", BatchNorm2d({.channels = 4, .momentum = 0.3}));
  CHECK(file.entries().size() == 6 + 3 * 18);
}

TEST_CASE("convolutions equal PyTorch's, on every device") {
  const SafetensorsFile file = layers_golden("convolutions");
  const std::vector<std::string> inputs{"x", "weight", "bias"};
  const auto sequences = [&](const char* name, const Conv1dOptions& o) {
    compare(file, name, inputs, [&o](const Tensors& in) { return conv1d(in[0], in[1], in[2], o); });
  };
  const auto images = [&](const char* name, const Conv2dOptions& o) {
    compare(file, name, inputs, [&o](const Tensors& in) { return conv2d(in[0], in[1], in[2], o); });
  };
  sequences("1d", {});
  sequences("1d.strided", {.stride = 3, .padding = 2, .dilation = 2, .groups = 2});
  sequences("1d.depthwise", {.padding = 1, .groups = 5});
  images("2d", {});
  images("2d.strided", {.stride = {2, 3}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2});
  images("2d.depthwise", {.stride = 2, .padding = 1, .groups = 4});
  images("2d.pointwise", {});
  CHECK(file.entries().size() == 7 * 8);
}

TEST_CASE("pools equal PyTorch's, on every device") {
  const SafetensorsFile file = layers_golden("pooling");
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>> pools{
      {"max", [](const Tensor& x) { return max_pool2d(x, {}); }},
      {"max.padded",
       [](const Tensor& x) {
         return max_pool2d(x, {.kernel = {3, 2}, .stride = {2, 1}, .padding = 1, .dilation = {1, 2}});
       }},
      {"average",
       [](const Tensor& x) {
         return average_pool2d(x, {.kernel = {2, 3}});
       }},
      {"average.padded",
       [](const Tensor& x) {
         return average_pool2d(x, {.kernel = 3, .stride = {2, 1}, .padding = 1});
       }},
      {"average.uncounted",
       [](const Tensor& x) {
         return average_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1, .count_padding = false});
       }},
      {"adaptive",
       [](const Tensor& x) {
         return adaptive_average_pool2d(x, {3, 4});
       }},
      {"adaptive.larger",
       [](const Tensor& x) {
         return adaptive_average_pool2d(x, {9, 2});
       }},
      {"global", [](const Tensor& x) { return adaptive_average_pool2d(x, 1); }},
      {"max1d", [](const Tensor& x) { return max_pool1d(x, {.kernel = 3, .stride = 2, .padding = 1}); }},
      {"average1d",
       [](const Tensor& x) { return average_pool1d(x, {.kernel = 3, .stride = 2, .padding = 1}); }},
      {"adaptive1d", [](const Tensor& x) { return adaptive_average_pool1d(x, 4); }}};
  for (const auto& [name, f] : pools) {
    compare(file, name, {"x"}, [&f = f](const Tensors& in) { return f(in[0]); });
  }
  CHECK(file.entries().size() == 4 * pools.size());
}
