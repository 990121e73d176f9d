// Batch norm by cuDNN. It wants all of gamma, beta and their gradients, and has other statistics than we do:
// of a batch it gives the unbiased variance, sum of squares / (n - 1), and its derivative takes
// 1 / sqrt(variance + eps).
#include <tuple>

#include "engine/core/dtype.h"
#include "engine/cuda/batch_norm_terms.h"
#include "engine/cuda/cudnn_descriptors.h"
#include "engine/cuda/cudnn_layers.h"
#include "engine/cuda/runtime.h"

namespace mosaic::cuda {
namespace {

using kernels::BatchNormArgs;
using kernels::BatchNormGradArgs;

constexpr size_t most_plans = 512;
constexpr cudnnBatchNormMode_t mode = CUDNN_BATCHNORM_SPATIAL;  // the persistent one limits the values' range

struct Plan {
  CudnnTensor x, channel;  // {batch, channels, 1, size}, {1, channels, 1, 1}
};

// What one step is refused, another may have.
enum class Step : uint8_t { forward, forward_by_given, gradient };

template <class Args>
auto key_of(const Args& a, Step step, int device) {
  return std::tuple(a.dtype, a.batch, a.channels, a.size, step, device);
}

auto& plans() {
  static auto& known = *new CudnnPlans<decltype(key_of(BatchNormArgs{}, Step::forward, 0)), Plan>(most_plans);
  return known;
}

template <class Args, class Run>
bool with_plan(const CudnnSession& session, const Args& a, Step step, const Run& run) {
  const auto make = [&] {
    return Plan{cudnn_tensor(session.library, a.dtype, a.batch, a.channels, 1, a.size),
                cudnn_tensor(session.library, a.dtype, 1, a.channels, 1, 1)};
  };
  return plans().run(key_of(a, step, session.device), make, run);
}

// Working memory for `count` values a channel.
template <class Args>
class ChannelRoom {
 public:
  ChannelRoom(const Args& a, int64_t count)
      : bytes_(a.channels * size_of(a.dtype)), memory_(static_cast<size_t>(count * bytes_)) {}
  void* at(int64_t i) const { return static_cast<char*>(memory_.data()) + i * bytes_; }

 private:
  int64_t bytes_;
  Scratch memory_;
};

// The values given, or a channel's worth of `otherwise` in the room.
const void* or_filled(const void* given, void* room, DType dtype, int64_t channels, double otherwise) {
  if (given != nullptr) return given;
  kernels::gpu::fill_channels(dtype, room, channels, otherwise);
  return room;
}

void zero(void* data, size_t bytes) {
  check_cuda(cudaMemsetAsync(data, 0, bytes, stream()), "batch_norm");
}

void normalise_by_given(const CudnnSession& session, const Plan& plan, const BatchNormArgs& a,
                        const void* gamma, const void* beta) {
  check_cudnn(session.library,
              session.library.batch_norm_given(session.handle, mode, cudnn_one(a.dtype), cudnn_zero(a.dtype),
                                               plan.x.get(), a.x, plan.x.get(), a.y, plan.channel.get(),
                                               gamma, beta, a.mean, a.variance, a.eps),
              "batch_norm_given", "x {", a.batch, ", ", a.channels, ", ", a.size, "} ", a.dtype);
}

// Running statistics with nothing of the old ones are those of the batch; not even zeros times what is in
// fresh memory are wanted.
void normalise_by_own(const CudnnSession& session, const Plan& plan, const BatchNormArgs& a,
                      const void* gamma, const void* beta) {
  const auto bytes = static_cast<size_t>(a.channels * size_of(a.dtype));
  zero(a.mean, bytes);
  zero(a.variance, bytes);
  check_cudnn(session.library,
              session.library.batch_norm(session.handle, mode, cudnn_one(a.dtype), cudnn_zero(a.dtype),
                                         plan.x.get(), a.x, plan.x.get(), a.y, plan.channel.get(), gamma,
                                         beta, 1.0, a.mean, a.variance, a.eps, nullptr, nullptr),
              "batch_norm", "x {", a.batch, ", ", a.channels, ", ", a.size, "} ", a.dtype);
  const auto n = static_cast<double>(a.batch * a.size);
  kernels::gpu::scale_channels(a.dtype, a.variance, a.channels, (n - 1) / n);
}

}  // namespace

bool cudnn_batch_norm(const BatchNormArgs& a) {
  if (!a.given && a.batch * a.size < 2) return false;  // one element has no unbiased variance
  if (a.eps < CUDNN_BN_MIN_EPSILON) return false;
  const auto session = CudnnSession::begin();
  if (!session) return false;
  return with_plan(*session, a, a.given ? Step::forward_by_given : Step::forward, [&](const Plan& plan) {
    const ChannelRoom room(a, 2);
    const void* gamma = or_filled(a.gamma, room.at(0), a.dtype, a.channels, 1);
    const void* beta = or_filled(a.beta, room.at(1), a.dtype, a.channels, 0);
    (a.given ? normalise_by_given : normalise_by_own)(*session, plan, a, gamma, beta);
  });
}

bool cudnn_batch_norm_grad(const BatchNormGradArgs& a) {
  if (a.given || a.dx == nullptr || a.batch * a.size < 2 || a.eps < CUDNN_BN_MIN_EPSILON) return false;
  const auto session = CudnnSession::begin();
  if (!session) return false;
  return with_plan(*session, a, Step::gradient, [&](const Plan& plan) {
    const ChannelRoom room(a, 4);
    const void* gamma = or_filled(a.gamma, room.at(0), a.dtype, a.channels, 1);
    void* dgamma = a.dgamma ? a.dgamma : room.at(1);
    void* dbeta = a.dbeta ? a.dbeta : room.at(2);
    kernels::gpu::inverse_deviations(a.dtype, a.variance, a.eps, room.at(3), a.channels);
    const void *one = cudnn_one(a.dtype), *nothing = cudnn_zero(a.dtype);
    check_cudnn(session->library,
                session->library.batch_norm_gradient(
                    session->handle, mode, one, nothing, one, nothing, plan.x.get(), a.x, plan.x.get(), a.dy,
                    plan.x.get(), a.dx, plan.channel.get(), gamma, dgamma, dbeta, a.eps, a.mean, room.at(3)),
                "batch_norm", "the gradient of x {", a.batch, ", ", a.channels, ", ", a.size, "} ", a.dtype);
  });
}

}  // namespace mosaic::cuda
