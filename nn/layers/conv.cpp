#include "nn/layers/conv.h"

namespace mosaic::nn {
namespace {

void check_channels(const char* layer, int64_t in, int64_t out, int64_t groups) {
  check<ArgumentError>(in > 0 && out > 0 && groups > 0, layer, "sizes must be positive, got in ", in,
                       ", out ", out, " and groups ", groups);
  check<ArgumentError>(in % groups == 0 && out % groups == 0, layer, groups, " groups do not divide in ", in,
                       " and out ", out);
}

void check_axis(const char* layer, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  check<ArgumentError>(kernel > 0 && stride > 0 && dilation > 0 && padding >= 0, layer,
                       "needs a positive kernel, stride and dilation and no negative padding, got ", kernel,
                       ", ", stride, ", ", dilation, " and ", padding);
}

void visit_weights(Visitor& v, Tensor& weight, const Shape& shape, Tensor& bias, bool with_bias) {
  const Init init = Init::fan_in(shape.numel() / shape[0]);
  v.parameter("weight", weight, shape, init);
  if (with_bias) v.parameter("bias", bias, {shape[0]}, init);
}

std::string both(Size2d size) {
  return cat(size.rows, "x", size.cols);
}

}  // namespace

Conv1d::Conv1d(const Options& o) : options_(o) {
  check_channels("Conv1d", o.in, o.out, o.groups);
  check_axis("Conv1d", o.kernel, o.stride, o.padding, o.dilation);
}

Conv1d::Conv1d(const Options& options, Generator& rng) : Conv1d(options) {
  initialise(*this, next_stream(rng));
}

Tensor Conv1d::forward(const Tensor& x, const Context&) const {
  const Options& o = options_;
  return conv1d(x, weight_, bias_,
                {.stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups});
}

void Conv1d::visit(Visitor& v) {
  const Options& o = options_;
  visit_weights(v, weight_, {o.out, o.in / o.groups, o.kernel}, bias_, o.bias);
}

std::string Conv1d::describe() const {
  const Options& o = options_;
  return cat("Conv1d ", o.in, " -> ", o.out, ", kernel ", o.kernel, ", stride ", o.stride, ", padding ",
             o.padding, ", dilation ", o.dilation, ", groups ", o.groups, o.bias ? "" : ", without bias");
}

Conv2d::Conv2d(const Options& o) : options_(o) {
  check_channels("Conv2d", o.in, o.out, o.groups);
  check_axis("Conv2d", o.kernel.rows, o.stride.rows, o.padding.rows, o.dilation.rows);
  check_axis("Conv2d", o.kernel.cols, o.stride.cols, o.padding.cols, o.dilation.cols);
}

Conv2d::Conv2d(const Options& options, Generator& rng) : Conv2d(options) {
  initialise(*this, next_stream(rng));
}

Tensor Conv2d::forward(const Tensor& x, const Context&) const {
  const Options& o = options_;
  return conv2d(x, weight_, bias_,
                {.stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups});
}

void Conv2d::visit(Visitor& v) {
  const Options& o = options_;
  visit_weights(v, weight_, {o.out, o.in / o.groups, o.kernel.rows, o.kernel.cols}, bias_, o.bias);
}

std::string Conv2d::describe() const {
  const Options& o = options_;
  return cat("Conv2d ", o.in, " -> ", o.out, ", kernel ", both(o.kernel), ", stride ", both(o.stride),
             ", padding ", both(o.padding), ", dilation ", both(o.dilation), ", groups ", o.groups,
             o.bias ? "" : ", without bias");
}

Sequential separable_conv2d(const Conv2d::Options& options, Generator& rng) {
  Conv2d::Options depthwise = options;
  depthwise.out = depthwise.groups = options.in;
  depthwise.bias = false;
  return Sequential(Conv2d(depthwise, rng),
                    Conv2d({.in = options.in, .out = options.out, .kernel = 1, .bias = options.bias}, rng));
}

}  // namespace mosaic::nn
