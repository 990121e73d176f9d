#include "nn/train/average.h"

#include <functional>

#include "engine/autograd/node.h"
#include "engine/io/safetensors.h"
#include "engine/ops/ops.h"
#include "nn/train/checkpoint.h"

namespace mosaic::nn {
namespace {

StateDict average_of(size_t count, const std::function<StateDict(size_t)>& dict_at) {
  check<ArgumentError>(count > 0, "average", "nothing to average");
  const NoGrad quiet;
  const StateDict first = dict_at(0);
  StateDict sums;
  for (const auto& [name, tensor] : first) {
    sums.emplace(name, is_float(tensor.dtype()) ? tensor.to(f64) : tensor);
  }
  for (size_t i = 1; i < count; ++i) {
    const StateDict dict = dict_at(i);
    check<FormatError>(dict.size() == first.size(), "average", "number ", i + 1, " has ", dict.size(),
                       " tensors, the first has ", first.size());
    for (const auto& [name, tensor] : dict) {
      const auto found = first.find(name);
      check<FormatError>(found != first.end() && found->second.shape() == tensor.shape() &&
                             found->second.dtype() == tensor.dtype(),
                         "average", name, " ", tensor.dtype(), " ", tensor.shape(), " of number ", i + 1,
                         " is not in the first with this shape and dtype");
      if (is_float(tensor.dtype())) {
        sums[name] = add(sums[name], tensor.to(f64));
      } else {
        check<FormatError>(tensor.values() == found->second.values(), "average", name, " of number ", i + 1,
                           " differs and is not a float tensor");
      }
    }
  }
  StateDict means;
  for (const auto& [name, sum] : sums) {
    const DType dtype = first.at(name).dtype();
    means.emplace(name, is_float(dtype) ? mul(sum, 1 / static_cast<double>(count)).to(dtype) : sum);
  }
  return clone(means);
}

}  // namespace

StateDict average(const std::vector<StateDict>& dicts) {
  return average_of(dicts.size(), [&](size_t i) { return dicts[i]; });
}

StateDict average_checkpoints(const std::vector<std::filesystem::path>& paths) {
  return average_of(paths.size(), [&](size_t i) -> StateDict {
    if (std::filesystem::is_directory(paths[i])) return load_checkpoint(paths[i]).model;
    return SafetensorsFile(paths[i]).tensors();
  });
}

}  // namespace mosaic::nn
