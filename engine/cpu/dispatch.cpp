// Chooses the compiled copy of each kernel family: by device, then by instruction set.
#include "engine/core/meter.h"
#include "engine/cpu/isa.h"
#include "engine/cuda/backend.h"
#include "engine/kernels/kernels.h"

namespace mosaic::kernels {

namespace baseline {
const Elementwise& cpu_elementwise();
const Index& cpu_index();
const Random& cpu_random();
const Reduce& cpu_reduce();
const Softmax& cpu_softmax();
const Optim& cpu_optim();
const Norm& cpu_norm();
const Mix& cpu_mix();
const Attention& cpu_attention();
const Conv& cpu_conv();
const Pool& cpu_pool();
const Sequence& cpu_sequence();
}  // namespace baseline

namespace avx2 {
const Elementwise& cpu_elementwise();
const Index& cpu_index();
const Random& cpu_random();
const Reduce& cpu_reduce();
const Softmax& cpu_softmax();
const Optim& cpu_optim();
const Norm& cpu_norm();
const Mix& cpu_mix();
const Attention& cpu_attention();
const Conv& cpu_conv();
const Pool& cpu_pool();
const Sequence& cpu_sequence();
}  // namespace avx2

namespace avx512 {
const Elementwise& cpu_elementwise();
const Index& cpu_index();
const Random& cpu_random();
const Reduce& cpu_reduce();
const Softmax& cpu_softmax();
const Optim& cpu_optim();
const Norm& cpu_norm();
const Mix& cpu_mix();
const Attention& cpu_attention();
const Conv& cpu_conv();
const Pool& cpu_pool();
const Sequence& cpu_sequence();
}  // namespace avx512

namespace {

// The kernels of a CUDA device; DeviceError when this build or machine lacks it.
const Families& families(Device device) {
  return cuda::need(device, "kernels").kernels(device.index);
}

struct CpuGemm final : Gemm {
  void gemm(const GemmArgs& args) const override {
    const metering::KernelSpan span;  // what it does before its loop is the kernel's, too
    kernels::gemm(args);
  }
};

}  // namespace

const Elementwise& elementwise_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).elementwise;
  return pick<baseline::cpu_elementwise, avx2::cpu_elementwise, avx512::cpu_elementwise>();
}

const Index& index_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).index;
  return pick<baseline::cpu_index, avx2::cpu_index, avx512::cpu_index>();
}

const Random& random_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).random;
  return pick<baseline::cpu_random, avx2::cpu_random, avx512::cpu_random>();
}

const Reduce& reduce_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).reduce;
  return pick<baseline::cpu_reduce, avx2::cpu_reduce, avx512::cpu_reduce>();
}

const Attention& attention_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).attention;
  return pick<baseline::cpu_attention, avx2::cpu_attention, avx512::cpu_attention>();
}

const Mix& mix_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).mix;
  return pick<baseline::cpu_mix, avx2::cpu_mix, avx512::cpu_mix>();
}

const Norm& norm_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).norm;
  return pick<baseline::cpu_norm, avx2::cpu_norm, avx512::cpu_norm>();
}

const Optim& optim_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).optim;
  return pick<baseline::cpu_optim, avx2::cpu_optim, avx512::cpu_optim>();
}

const Sequence& sequence_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).sequence;
  return pick<baseline::cpu_sequence, avx2::cpu_sequence, avx512::cpu_sequence>();
}

const Softmax& softmax_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).softmax;
  return pick<baseline::cpu_softmax, avx2::cpu_softmax, avx512::cpu_softmax>();
}

const Conv& conv_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).conv;
  return pick<baseline::cpu_conv, avx2::cpu_conv, avx512::cpu_conv>();
}

const Pool& pool_kernels(Device device) {
  if (device.kind == DeviceKind::cuda) return families(device).pool;
  return pick<baseline::cpu_pool, avx2::cpu_pool, avx512::cpu_pool>();
}

const Gemm& gemm_kernels(Device device) {
  static constexpr CpuGemm cpu;
  if (device.kind == DeviceKind::cuda) return families(device).gemm;
  return cpu;
}

}  // namespace mosaic::kernels
