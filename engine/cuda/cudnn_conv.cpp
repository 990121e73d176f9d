// Convolutions by cuDNN. Algorithms are taken by name, not by a timing or by the library's advice: the ones
// that sum an element's terms in one order. Transforms (Winograd, Fourier) are left out, as they carry a NaN
// or a large number to neighbours that do not see it.
#include <initializer_list>
#include <tuple>

#include "engine/core/dtype.h"
#include "engine/cuda/cudnn_descriptors.h"
#include "engine/cuda/cudnn_layers.h"
#include "engine/cuda/runtime.h"

namespace mosaic::cuda {
namespace {

using kernels::ConvShape;
using kernels::WindowAxis;

constexpr size_t most_workspace = size_t{256} << 20;
constexpr size_t most_plans = 512;  // a step; a supernet has a shape for every choice of widths

auto key_of(const WindowAxis& axis) {
  return std::tuple(axis.in, axis.kernel, axis.stride, axis.padding, axis.dilation);
}
auto key_of(const ConvShape& s, int device) {
  return std::tuple(std::tuple(s.dtype, s.batch, s.channels, s.out_channels, s.groups, device),
                    key_of(s.rows), key_of(s.cols));
}
using Key = decltype(key_of(ConvShape{}, 0));

template <class Algorithm>
struct Plan {
  CudnnConv d;
  Algorithm algorithm{};
  size_t workspace = 0;
};
template <class Algorithm>
using Plans = CudnnPlans<Key, Plan<Algorithm>>;

// The first of the algorithms that the library has for the problem in the room we give it;
// ask(description, algorithm, bytes) calls the library.
template <class Algorithm, class Ask>
Plan<Algorithm> make_plan(const Cudnn& library, const ConvShape& s,
                          std::initializer_list<Algorithm> algorithms, const Ask& ask) {
  Plan<Algorithm> plan{describe(library, s)};
  for (const Algorithm algorithm : algorithms) {
    try {
      check_cudnn(library, ask(plan.d, algorithm, &plan.workspace), "conv", "algorithm ",
                  static_cast<int>(algorithm), " of ", s);
    } catch (const NotSupported&) {
      continue;
    }
    plan.algorithm = algorithm;
    if (plan.workspace <= most_workspace) return plan;
  }
  throw NotSupported{};
}

}  // namespace

bool cudnn_conv(const kernels::ConvArgs& a) {
  const auto session = CudnnSession::begin();
  if (!session) return false;
  const Cudnn& library = session->library;
  const ConvShape& s = a.shape;
  static auto& plans = *new Plans<cudnnConvolutionFwdAlgo_t>(most_plans);  // never destroyed, as handles
  const auto make = [&] {
    return make_plan(
        library, s,
        {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM},
        [&](const CudnnConv& d, cudnnConvolutionFwdAlgo_t algorithm, size_t* bytes) {
          return library.forward_workspace(session->handle, d.x.get(), d.weight.get(), d.windows.get(),
                                           d.y.get(), algorithm, bytes);
        });
  };
  return plans.run(key_of(s, session->device), make, [&](const auto& plan) {
    const Scratch workspace(plan.workspace);
    const CudnnConv& d = plan.d;
    check_cudnn(library,
                library.forward(session->handle, cudnn_one(s.dtype), d.x.get(), a.x, d.weight.get(), a.weight,
                                d.windows.get(), plan.algorithm, workspace.data(), plan.workspace,
                                cudnn_zero(s.dtype), d.y.get(), a.y),
                "conv", s);
    if (a.bias == nullptr) return;
    check_cudnn(library,
                library.add(session->handle, cudnn_one(s.dtype), d.bias.get(), a.bias, cudnn_one(s.dtype),
                            d.y.get(), a.y),
                "conv", "to add the bias of ", s);
  });
}

bool cudnn_conv_grad_input(const kernels::ConvGradInputArgs& a) {
  const auto session = CudnnSession::begin();
  if (!session) return false;
  const Cudnn& library = session->library;
  const ConvShape& s = a.shape;
  static auto& plans = *new Plans<cudnnConvolutionBwdDataAlgo_t>(most_plans);
  const auto make = [&] {
    return make_plan(library, s, {CUDNN_CONVOLUTION_BWD_DATA_ALGO_1},  // 0 adds by atomics
                     [&](const CudnnConv& d, cudnnConvolutionBwdDataAlgo_t algorithm, size_t* bytes) {
                       return library.input_workspace(session->handle, d.weight.get(), d.y.get(),
                                                      d.windows.get(), d.x.get(), algorithm, bytes);
                     });
  };
  return plans.run(key_of(s, session->device), make, [&](const auto& plan) {
    const Scratch workspace(plan.workspace);
    const CudnnConv& d = plan.d;
    check_cudnn(library,
                library.input_gradient(session->handle, cudnn_one(s.dtype), d.weight.get(), a.weight,
                                       d.y.get(), a.dy, d.windows.get(), plan.algorithm, workspace.data(),
                                       plan.workspace, cudnn_zero(s.dtype), d.x.get(), a.dx),
                "conv", "the input's gradient of ", s);
  });
}

bool cudnn_conv_grad_weight(const kernels::ConvGradWeightArgs& a) {
  const auto session = CudnnSession::begin();
  if (!session) return false;
  const Cudnn& library = session->library;
  const ConvShape& s = a.shape;
  static auto& plans = *new Plans<cudnnConvolutionBwdFilterAlgo_t>(most_plans);
  const auto make = [&] {
    return make_plan(library, s, {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1},  // 0 and 3 add by atomics
                     [&](const CudnnConv& d, cudnnConvolutionBwdFilterAlgo_t algorithm, size_t* bytes) {
                       return library.weight_workspace(session->handle, d.x.get(), d.y.get(), d.windows.get(),
                                                       d.weight.get(), algorithm, bytes);
                     });
  };
  return plans.run(key_of(s, session->device), make, [&](const auto& plan) {
    const Scratch workspace(plan.workspace);
    const CudnnConv& d = plan.d;
    check_cudnn(library,
                library.weight_gradient(session->handle, cudnn_one(s.dtype), d.x.get(), a.x, d.y.get(), a.dy,
                                        d.windows.get(), plan.algorithm, workspace.data(), plan.workspace,
                                        cudnn_zero(s.dtype), d.weight.get(), a.dweight),
                "conv", "the weight's gradient of ", s);
  });
}

}  // namespace mosaic::cuda
