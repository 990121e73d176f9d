#include "engine/autograd/recompute.h"

#include "engine/autograd/node.h"

namespace mosaic {

Tensor recompute(const std::function<Tensor(const std::vector<Tensor>&)>& segment,
                 const std::vector<Tensor>& inputs, Generator* rng) {
  const uint64_t position = rng ? rng->position() : 0;
  Tensor y;
  {
    const NoGrad off;
    y = segment(inputs);
  }
  return record({.op = "recompute",
                 .inputs = inputs,
                 .saved = inputs,
                 .backward =
                     [segment, rng, position](const Back& b) {
                       std::vector<Tensor> again(b.saved.begin(), b.saved.end());
                       for (size_t i = 0; i < again.size(); ++i) again[i].track(b.sink.wants(i));
                       const uint64_t now = rng ? rng->position() : 0;
                       if (rng) rng->seek(position);
                       Tensor result;
                       {
                         const WithGrad on;
                         result = segment(again);
                       }
                       if (rng) rng->seek(now);
                       result.backward(b.dy);
                       for (size_t i = 0; i < again.size(); ++i) {
                         if (again[i].has_grad()) b.sink.add(i, again[i].grad());
                       }
                     }},
                y.detach());
}

}  // namespace mosaic
