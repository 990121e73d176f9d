// The mean of several checkpoints' weights, which translates better than the last of them alone.
#pragma once

#include <filesystem>
#include <vector>

#include "nn/module.h"

namespace mosaic::nn {

// Element by element, summed in f64 in the given order; integer tensors must be equal. ArgumentError when
// there are none, FormatError unless all have the same names, shapes and dtypes.
StateDict average(const std::vector<StateDict>& dicts);

// The same over checkpoint folders (or single safetensors files), one in memory at a time.
StateDict average_checkpoints(const std::vector<std::filesystem::path>& paths);

}  // namespace mosaic::nn
