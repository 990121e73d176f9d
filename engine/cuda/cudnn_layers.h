// Layers by cuDNN. Each function returns whether it did the work, in the current device's stream: false where
// there is no cuDNN, where it does not support the problem, and where its results would not be ours.
//
// What is never asked of it: maxima (the places of ties and the maximum of a window of infinities are not
// documented, and our derivative needs the places), derivatives of batch norm with given statistics (it has
// none), and convolutions with groups of one channel, which our own kernels do in one pass over the images.
#pragma once

#include "engine/kernels/batch_norm.h"
#include "engine/kernels/conv.h"
#include "engine/kernels/pool.h"

namespace mosaic::cuda {

bool cudnn_conv(const kernels::ConvArgs& args);
bool cudnn_conv_grad_input(const kernels::ConvGradInputArgs& args);
bool cudnn_conv_grad_weight(const kernels::ConvGradWeightArgs& args);

bool cudnn_average_pool(const kernels::AveragePoolArgs& args);
bool cudnn_average_pool_back(const kernels::AveragePoolArgs& args);

bool cudnn_batch_norm(const kernels::BatchNormArgs& args);
bool cudnn_batch_norm_grad(const kernels::BatchNormGradArgs& args);

}  // namespace mosaic::cuda
