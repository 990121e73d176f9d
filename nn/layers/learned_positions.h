// Learned position vectors, added to a sequence (Gehring et al. 2017; BERT and GPT).
#pragma once

#include "nn/module.h"

namespace mosaic::nn {

class LearnedPositions final : public Layer {
 public:
  struct Options {
    int64_t positions, width;
    Init init = Init::normal(0.02);
  };
  explicit LearnedPositions(const Options& options);
  LearnedPositions(const Options& options, Generator& rng);

  // The vectors of positions [first, first + length), a view {length, width}. ArgumentError when there are
  // fewer positions.
  Tensor rows(int64_t first, int64_t length) const;

  using Layer::operator();
  // x {..., length, width} plus the vectors of positions first, first + 1, ...
  Tensor operator()(const Tensor& x, int64_t first) const;

  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  Tensor forward(const Tensor& x, const Context&) const override { return (*this)(x, 0); }
  Options options_;
  Tensor weight_;  // {positions, width}
};

}  // namespace mosaic::nn
