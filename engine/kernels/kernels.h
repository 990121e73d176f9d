// The way from an op to the kernels of its device: one small interface a family. Each
// returns the implementation for `device`; DeviceError when this build has none.
#pragma once

#include "engine/core/device.h"
#include "engine/kernels/attention.h"
#include "engine/kernels/conv.h"
#include "engine/kernels/elementwise.h"
#include "engine/kernels/gemm.h"
#include "engine/kernels/index.h"
#include "engine/kernels/mix.h"
#include "engine/kernels/norm.h"
#include "engine/kernels/optim.h"
#include "engine/kernels/pool.h"
#include "engine/kernels/random.h"
#include "engine/kernels/reduce.h"
#include "engine/kernels/sequence.h"
#include "engine/kernels/softmax.h"

namespace mosaic::kernels {

// Whether the device's kernels take half types; on others ops compute those in f32 (ops/half.h). Copies,
// fills, selections and lookups take every dtype everywhere. Optimizers, mixing, convolution, pooling, batch
// norm and recurrent steps take f32 and f64 only.
inline bool has_halves(Device device) {
  return device.kind == DeviceKind::cuda;
}

const Elementwise& elementwise_kernels(Device device);
const Index& index_kernels(Device device);
const Random& random_kernels(Device device);
const Reduce& reduce_kernels(Device device);
const Softmax& softmax_kernels(Device device);
const Optim& optim_kernels(Device device);
const Norm& norm_kernels(Device device);
const Mix& mix_kernels(Device device);
const Attention& attention_kernels(Device device);
const Sequence& sequence_kernels(Device device);
const Gemm& gemm_kernels(Device device);
const Conv& conv_kernels(Device device);
const Pool& pool_kernels(Device device);

// All of a device.
struct Families {
  const Elementwise& elementwise;
  const Index& index;
  const Random& random;
  const Reduce& reduce;
  const Softmax& softmax;
  const Optim& optim;
  const Norm& norm;
  const Mix& mix;
  const Attention& attention;
  const Sequence& sequence;
  const Gemm& gemm;
  const Conv& conv;
  const Pool& pool;
};

}  // namespace mosaic::kernels
