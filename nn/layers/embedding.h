// Embedding: rows of a table by id.
#pragma once

#include "nn/module.h"

namespace mosaic::nn {

class Embedding final : public Module {
 public:
  struct Options {
    int64_t rows, width;
    int64_t padding = -1;  // this row is zero and stays so; -1: none
  };
  explicit Embedding(const Options& options);
  Embedding(const Options& options, Generator& rng);  // N(0, width^-1/2)

  // ids i32 {...} -> {..., width}: the leading `width` columns (0: all) times `scale`.
  Tensor operator()(const Tensor& ids, int64_t width = 0, double scale = 1) const;

  // The leading columns of the table {rows, width}, a view: for tied output projections.
  Tensor table(int64_t width = 0) const;

  void visit(Visitor& v) override;
  std::string describe() const override;
  const Options& options() const { return options_; }

 private:
  Options options_;
  Tensor weight_;  // {rows, width}
};

}  // namespace mosaic::nn
