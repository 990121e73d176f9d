// Convolutions against a sum over the places of the window: shifted inputs by matrices of zeros and ones,
// channels by matrix products.
#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

// {outputs, in}: row o has a one where output o sees its place `place`, none when that is padding.
Tensor selection(int64_t in, int64_t outputs, int64_t place, int64_t stride, int64_t padding,
                 int64_t dilation) {
  std::vector<double> values(static_cast<size_t>(outputs * in), 0);
  for (int64_t o = 0; o < outputs; ++o) {
    const int64_t at = o * stride - padding + place * dilation;
    if (at >= 0 && at < in) values[static_cast<size_t>(o * in + at)] = 1;
  }
  return Tensor::from(values, {outputs, in});
}

int64_t outputs(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  return (in + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

Tensor composed(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o) {
  const int64_t batch = x.dim(0), high = weight.dim(2), wide = weight.dim(3), in = weight.dim(1),
                out = weight.dim(0) / o.groups;
  const int64_t rows = outputs(x.dim(2), high, o.stride.rows, o.padding.rows, o.dilation.rows),
                cols = outputs(x.dim(3), wide, o.stride.cols, o.padding.cols, o.dilation.cols);
  Tensor y = Tensor::zeros({batch, weight.dim(0), rows, cols}, x.dtype());
  for (int64_t k = 0; k < high; ++k) {
    for (int64_t l = 0; l < wide; ++l) {
      const Tensor down = selection(x.dim(2), rows, k, o.stride.rows, o.padding.rows, o.dilation.rows),
                   along = selection(x.dim(3), cols, l, o.stride.cols, o.padding.cols, o.dilation.cols);
      const Tensor seen = reshape(matmul(matmul(down, x), transpose(along)), {batch, x.dim(1), rows * cols});
      Tensors groups;
      for (int64_t g = 0; g < o.groups; ++g) {
        const Tensor w = slice(slice(slice(weight, 2, k, k + 1), 3, l, l + 1), 0, g * out, (g + 1) * out);
        groups.push_back(matmul(reshape(w, {out, in}), slice(seen, 1, g * in, (g + 1) * in)));
      }
      y = y + reshape(concat(groups, 1), {batch, weight.dim(0), rows, cols});
    }
  }
  return bias.defined() ? y + reshape(bias, {weight.dim(0), 1, 1}) : y;
}

OpCase images(const char* name, const Shape& x, const Shape& weight, const Conv2dOptions& o,
              bool bias = true) {
  OpCase c{.name = name, .inputs = {x, weight}, .run = {}};
  if (bias) c.inputs.push_back({weight[0]});
  c.run = [o](const Tensors& t) { return conv2d(t[0], t[1], t.size() > 2 ? t[2] : Tensor(), o); };
  c.composed = [o](const Tensors& t) { return composed(t[0], t[1], t.size() > 2 ? t[2] : Tensor(), o); };
  return c;
}

OpCase sequences(const char* name, const Shape& x, const Shape& weight, const Conv1dOptions& o) {
  return {.name = name,
          .inputs = {x, weight, {weight[0]}},
          .run = [o](const Tensors& t) { return conv1d(t[0], t[1], t[2], o); },
          .composed =
              [o](const Tensors& t) {
                return squeeze(composed(unsqueeze(t[0], 2), unsqueeze(t[1], 2), t[2],
                                        {.stride = {1, o.stride},
                                         .padding = {0, o.padding},
                                         .dilation = {1, o.dilation},
                                         .groups = o.groups}),
                               2);
              }};
}

}  // namespace

std::vector<OpCase> conv2d_cases() {
  return {
      images("conv2d/plain", {2, 3, 7, 6}, {4, 3, 3, 2}, {}),
      images("conv2d/without bias", {2, 3, 7, 6}, {4, 3, 3, 2}, {}, false),
      images("conv2d/padded", {3, 2, 5, 4}, {3, 2, 3, 3}, {.padding = 1}),
      images("conv2d/all padding around", {1, 2, 2, 3}, {2, 2, 2, 3}, {.padding = {3, 4}}),
      images("conv2d/strided", {2, 3, 9, 8}, {2, 3, 2, 3}, {.stride = {3, 2}, .padding = {0, 2}}),
      images("conv2d/strides that skip inputs", {2, 2, 11, 10}, {3, 2, 1, 2}, {.stride = {4, 3}}),
      images("conv2d/dilated", {2, 2, 9, 10}, {3, 2, 3, 2}, {.padding = {2, 0}, .dilation = {2, 5}}),
      images("conv2d/groups", {2, 6, 5, 5}, {4, 3, 3, 3}, {.stride = 2, .padding = 1, .groups = 2}),
      images("conv2d/pointwise", {3, 5, 4, 3}, {7, 5, 1, 1}, {}),
      images("conv2d/pointwise in groups", {3, 6, 4, 3}, {4, 3, 1, 1}, {.groups = 2}),
      images("conv2d/pointwise, strided", {2, 3, 5, 5}, {4, 3, 1, 1}, {.stride = 2}),
      images("conv2d/one channel", {2, 1, 6, 6}, {5, 1, 3, 3}, {.padding = 1}),
      images("conv2d/depthwise", {2, 5, 7, 6}, {5, 1, 3, 3}, {.padding = 1, .groups = 5}),
      images("conv2d/depthwise, two outputs each", {2, 3, 8, 7}, {6, 1, 3, 2},
             {.stride = {2, 3}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 3}),
      images("conv2d/many images", {37, 2, 4, 3}, {3, 2, 2, 2}, {}),
      images("conv2d/no images", {0, 2, 4, 3}, {3, 2, 2, 2}, {}),
  };
}

std::vector<OpCase> conv1d_cases() {
  std::vector<OpCase> cases{
      sequences("conv1d/strided", {2, 4, 17}, {6, 2, 4},
                {.stride = 3, .padding = 2, .dilation = 2, .groups = 2}),
      sequences("conv1d/depthwise", {2, 5, 33}, {5, 1, 3}, {.padding = 2, .dilation = 2, .groups = 5}),
      sequences("conv1d/nothing but padding", {2, 3, 0}, {4, 3, 2}, {.padding = 2}),
  };
  for (const int64_t n : {1, 31, 33, 77}) {
    cases.push_back(sequences("conv1d/same length", {2, 3, n}, {4, 3, 3}, {.padding = 1}));
    cases.back().name = cat(cases.back().name, "/", n);
  }
  return cases;
}

}  // namespace mosaic::checks
