// nn::Bert against torch.nn on the same weights: tests/golden/bert/*.safetensors, made by
// tests/peers/bert_golden.py.
#include "engine/io/safetensors.h"
#include "tests/nn/support.h"
#include "tests/support/devices.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

// A number in [-1, 1) from two integers: what the script computes too.
double hashed(uint64_t i, uint64_t k) {
  auto h = static_cast<uint32_t>(i * 2654435761u + (k + 1) * 97531u);
  h = (h ^ (h >> 15)) * 2246822519u;
  h = (h ^ (h >> 13)) * 3266489917u;
  return (h ^ (h >> 16)) / 2147483648.0 - 1;
}

void give_weights(Bert& model, DType dtype, Device device) {
  uint64_t k = 0;
  assign_parameters(model, [&](const std::string& name, const Shape& shape) {
    const double centre = name.ends_with("norm.weight") ? 1 : 0;
    std::vector<double> values(static_cast<size_t>(shape.numel()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = 0.25 * hashed(i, k) + centre;
    ++k;
    Tensor made = Tensor::from(std::span<const double>(values), shape).to(dtype).to(device);
    return made.track().named(name);
  });
}

// Largest difference over the largest value, at least `floor`.
double difference(const Tensor& ours, const Tensor& golden, double floor = 1e-30) {
  double scale = floor;
  for (const double v : golden.values()) scale = std::max(scale, std::abs(v));
  return largest_difference(ours.detach(), golden) / scale;
}

void compare(const std::string& name, DType dtype, double tolerance, Device device) {
  const SafetensorsFile file(std::string(MOSAIC_TESTS_FOLDER "/golden/bert/") + name + ".safetensors");
  Bert model(BertConfig::from_json(parse_json(file.metadata().at("config"), name), name));
  give_weights(model, dtype, device);
  const BertInput input{.ids = file.tensor("ids"), .types = file.tensor("types"), .mask = {}};

  const std::vector<Tensor> states = model.hidden_states(input);
  for (size_t i = 0; i < states.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(states[i], file.tensor(cat("hidden.", i))) < tolerance);
  }
  const Tensor mlm = model.mlm_logits(states.back(), file.tensor("places"));
  const Tensor classes = model.classify(states.back());
  CHECK(difference(mlm, file.tensor("mlm_logits")) < tolerance);
  CHECK(difference(classes, file.tensor("class_logits")) < tolerance);
  const Tensor loss = sum(cross_entropy(mlm, file.tensor("targets").to(device))) +
                      sum(cross_entropy(classes, file.tensor("labels").to(device)));
  CHECK(difference(reshape(loss, {1}), file.tensor("loss")) < tolerance);

  loss.backward();
  size_t compared = 0;
  for (const NamedTensor& parameter : named_parameters(model)) {
    CAPTURE(parameter.name);
    // A constant added to all scores of a query changes nothing, so key biases have no gradient but rounding.
    const double floor = parameter.name.ends_with("key.bias") ? 1 : 1e-30;
    CHECK(difference(parameter.tensor.grad(), file.tensor("gradient." + parameter.name), floor) < tolerance);
    ++compared;
  }
  CHECK(compared + states.size() + 8 == file.entries().size());  // every tensor of the file was used
}

}  // namespace

TEST_CASE("BERT equals PyTorch's modules in double precision, on every device") {
  test::for_each_device([](Device device) {
    compare("plain", f64, 1e-10, device);
    compare("bottleneck", f64, 1e-10, device);
  });
}

TEST_CASE("BERT equals PyTorch's modules in single precision, on every device") {
  test::for_each_device([](Device device) {
    compare("plain", f32, 1e-5, device);
    compare("bottleneck", f32, 1e-5, device);
  });
}
