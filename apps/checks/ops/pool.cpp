// Pooling against matrices: places of windows by matrices of zeros and ones, means by matrices of shares.
#include <cmath>

#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

struct Axis {
  int64_t in, kernel, stride, padding, dilation;
  int64_t out() const { return (in + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1; }
  int64_t at(int64_t o, int64_t k) const { return o * stride - padding + k * dilation; }
  bool sees(int64_t o, int64_t k) const { return at(o, k) >= 0 && at(o, k) < in; }
};
Axis axis(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation = 1) {
  return {in, kernel, stride == 0 ? kernel : stride, padding, dilation};
}

// {out, in}: a one where output o sees place k.
Tensor selection(const Axis& a, int64_t k) {
  std::vector<double> values(static_cast<size_t>(a.out() * a.in), 0);
  for (int64_t o = 0; o < a.out(); ++o) {
    if (a.sees(o, k)) values[static_cast<size_t>(o * a.in + a.at(o, k))] = 1;
  }
  return Tensor::from(values, {a.out(), a.in});
}
// {out}: -1000 where place k is padding.
Tensor barred(const Axis& a, int64_t k) {
  std::vector<double> values(static_cast<size_t>(a.out()), 0);
  for (int64_t o = 0; o < a.out(); ++o) values[static_cast<size_t>(o)] = a.sees(o, k) ? 0 : -1000;
  return Tensor::from(values, {a.out()});
}

Tensor composed_max(const Tensor& x, const MaxPool2dOptions& o) {
  const Axis down = axis(x.dim(2), o.kernel.rows, o.stride.rows, o.padding.rows, o.dilation.rows),
             along = axis(x.dim(3), o.kernel.cols, o.stride.cols, o.padding.cols, o.dilation.cols);
  Tensor y;
  for (int64_t k = 0; k < down.kernel; ++k) {
    for (int64_t l = 0; l < along.kernel; ++l) {
      const Tensor seen = matmul(matmul(selection(down, k), x), transpose(selection(along, l))) +
                          unsqueeze(barred(down, k), 1) + barred(along, l);
      y = y.defined() ? maximum(y, seen) : seen;
    }
  }
  return y;
}

// {out, in}: the share of each input in the mean of an output.
Tensor shares(const Axis& a, bool count_padding) {
  std::vector<double> values(static_cast<size_t>(a.out() * a.in), 0);
  for (int64_t o = 0; o < a.out(); ++o) {
    int64_t seen = 0;
    for (int64_t k = 0; k < a.kernel; ++k) seen += a.sees(o, k);
    for (int64_t k = 0; k < a.kernel; ++k) {
      if (!a.sees(o, k)) continue;
      values[static_cast<size_t>(o * a.in + a.at(o, k))] =
          1 / static_cast<double>(count_padding ? a.kernel : seen);
    }
  }
  return Tensor::from(values, {a.out(), a.in});
}
Tensor adaptive_shares(int64_t in, int64_t out) {
  std::vector<double> values(static_cast<size_t>(out * in), 0);
  for (int64_t o = 0; o < out; ++o) {
    const auto ratio = static_cast<double>(in) / static_cast<double>(out);
    const auto first = static_cast<int64_t>(std::floor(static_cast<double>(o) * ratio + 1e-9)),
               last = static_cast<int64_t>(std::ceil(static_cast<double>(o + 1) * ratio - 1e-9));
    for (int64_t i = first; i < last; ++i) {
      values[static_cast<size_t>(o * in + i)] = 1 / static_cast<double>(last - first);
    }
  }
  return Tensor::from(values, {out, in});
}
Tensor by_shares(const Tensor& x, const Tensor& down, const Tensor& along) {
  return matmul(matmul(down, x), transpose(along));
}

OpCase max2d(const char* name, const Shape& x, const MaxPool2dOptions& o) {
  return {.name = name,
          .inputs = {x},
          .run = [o](const Tensors& t) { return max_pool2d(t[0], o); },
          .composed = [o](const Tensors& t) { return composed_max(t[0], o); },
          .gradcheck_step = 1e-5};
}
OpCase average2d(const char* name, const Shape& x, const AveragePool2dOptions& o) {
  return {.name = name,
          .inputs = {x},
          .run = [o](const Tensors& t) { return average_pool2d(t[0], o); },
          .composed =
              [o](const Tensors& t) {
                return by_shares(
                    t[0],
                    shares(axis(t[0].dim(2), o.kernel.rows, o.stride.rows, o.padding.rows), o.count_padding),
                    shares(axis(t[0].dim(3), o.kernel.cols, o.stride.cols, o.padding.cols), o.count_padding));
              }};
}
OpCase adaptive2d(const char* name, const Shape& x, Size2d out) {
  return {.name = name,
          .inputs = {x},
          .run = [out](const Tensors& t) { return adaptive_average_pool2d(t[0], out); },
          .composed =
              [out](const Tensors& t) {
                return by_shares(t[0], adaptive_shares(t[0].dim(2), out.rows),
                                 adaptive_shares(t[0].dim(3), out.cols));
              }};
}

}  // namespace

std::vector<OpCase> max_pool_cases() {
  std::vector<OpCase> cases{
      max2d("max_pool2d/plain", {2, 3, 6, 8}, {}),
      max2d("max_pool2d/a rest", {2, 3, 7, 9}, {.kernel = {2, 3}}),
      max2d("max_pool2d/overlapping", {2, 2, 7, 9}, {.kernel = 3, .stride = {2, 1}, .padding = 1}),
      max2d("max_pool2d/dilated", {1, 2, 9, 9},
            {.kernel = {3, 2}, .stride = 2, .padding = 2, .dilation = {2, 5}}),
      max2d("max_pool2d/strides that skip inputs", {1, 2, 9, 7}, {.kernel = 1, .stride = 3}),
      max2d("max_pool2d/four columns", {2, 3, 6, 8}, {.kernel = {3, 4}}),
      max2d("max_pool2d/no images", {0, 2, 6, 8}, {}),
  };
  for (const int64_t n : {3, 31, 33, 77}) {
    cases.push_back(
        {.name = cat("max_pool1d/", n),
         .inputs = {{2, 3, n}},
         .run = [](const Tensors& t) { return max_pool1d(t[0], {.kernel = 3, .stride = 2, .padding = 1}); },
         .composed =
             [](const Tensors& t) {
               return squeeze(
                   composed_max(unsqueeze(t[0], 2), {.kernel = {1, 3}, .stride = {1, 2}, .padding = {0, 1}}),
                   2);
             },
         .gradcheck_step = 1e-5});
  }
  return cases;
}

std::vector<OpCase> average_pool_cases() {
  std::vector<OpCase> cases{
      average2d("average_pool2d/plain", {2, 3, 6, 8}, {}),
      average2d("average_pool2d/a rest", {2, 3, 7, 9}, {.kernel = {2, 3}}),
      average2d("average_pool2d/padding counts", {2, 2, 7, 9}, {.kernel = 3, .stride = {2, 1}, .padding = 1}),
      average2d("average_pool2d/padding left out", {2, 2, 7, 9},
                {.kernel = {4, 3}, .stride = {2, 3}, .padding = {2, 1}, .count_padding = false}),
      average2d("average_pool2d/strides that skip inputs", {1, 2, 9, 7}, {.kernel = 1, .stride = 3}),
      average2d("average_pool2d/four columns", {2, 3, 6, 8}, {.kernel = {3, 4}}),
      average2d("average_pool2d/no images", {0, 2, 6, 8}, {}),
      adaptive2d("adaptive_average_pool2d/a divisor", {2, 3, 6, 8}, {3, 2}),
      adaptive2d("adaptive_average_pool2d/overlapping", {2, 3, 7, 9}, {3, 4}),
      adaptive2d("adaptive_average_pool2d/larger", {2, 2, 3, 5}, {7, 5}),
      adaptive2d("adaptive_average_pool2d/global", {3, 4, 5, 6}, 1),
      average2d("average_pool2d/large windows", {2, 2, 13, 15},
                {.kernel = {9, 8}, .stride = {2, 3}, .padding = {3, 0}}),
      adaptive2d("adaptive_average_pool2d/large windows", {2, 2, 19, 31}, {2, 3}),
      adaptive2d("adaptive_average_pool2d/global, large", {2, 3, 33, 31}, 1),
      adaptive2d("adaptive_average_pool2d/no images", {0, 4, 5, 6}, 1),
  };
  for (const int64_t n : {1, 31, 33, 77}) {
    cases.push_back(
        {.name = cat("average_pool1d/", n),
         .inputs = {{2, 3, n}},
         .run =
             [](const Tensors& t) { return average_pool1d(t[0], {.kernel = 3, .stride = 2, .padding = 1}); },
         .composed =
             [n](const Tensors& t) { return matmul(t[0], transpose(shares(axis(n, 3, 2, 1), true))); }});
    cases.push_back(
        {.name = cat("adaptive_average_pool1d/", n),
         .inputs = {{2, 3, n}},
         .run = [](const Tensors& t) { return adaptive_average_pool1d(t[0], 5); },
         .composed = [n](const Tensors& t) { return matmul(t[0], transpose(adaptive_shares(n, 5))); }});
  }
  return cases;
}

}  // namespace mosaic::checks
