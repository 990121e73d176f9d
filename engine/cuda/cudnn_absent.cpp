// In place of cuDNN's layers in a build without its headers.
#include "engine/cuda/cudnn_layers.h"

namespace mosaic::cuda {

bool cudnn_conv(const kernels::ConvArgs&) {
  return false;
}
bool cudnn_conv_grad_input(const kernels::ConvGradInputArgs&) {
  return false;
}
bool cudnn_conv_grad_weight(const kernels::ConvGradWeightArgs&) {
  return false;
}
bool cudnn_average_pool(const kernels::AveragePoolArgs&) {
  return false;
}
bool cudnn_average_pool_back(const kernels::AveragePoolArgs&) {
  return false;
}
bool cudnn_batch_norm(const kernels::BatchNormArgs&) {
  return false;
}
bool cudnn_batch_norm_grad(const kernels::BatchNormGradArgs&) {
  return false;
}

}  // namespace mosaic::cuda
