// Tensors that PyTorch computed: tests/golden/sequence/*.safetensors, made by tests/peers/sequence_golden.py.
#pragma once

#include <algorithm>
#include <string>

#include "engine/io/safetensors.h"
#include "tests/nn/support.h"

namespace mosaic::nn::testing {

inline SafetensorsFile sequence_golden(const std::string& name) {
  return SafetensorsFile(std::string(MOSAIC_TESTS_FOLDER "/golden/sequence/") + name + ".safetensors");
}

// Largest difference over the largest golden value.
inline double relative_difference(const Tensor& ours, const Tensor& golden) {
  double scale = 1e-30;
  for (const double v : golden.values()) scale = std::max(scale, std::abs(v));
  return largest_difference(ours.detach().to(golden.dtype()), golden) / scale;
}

}  // namespace mosaic::nn::testing
