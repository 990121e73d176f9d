// Average pooling by cuDNN.
#include <tuple>

#include "engine/core/dtype.h"
#include "engine/cuda/cudnn_descriptors.h"
#include "engine/cuda/cudnn_layers.h"

namespace mosaic::cuda {
namespace {

using kernels::Average;
using kernels::AveragePoolArgs;
using kernels::PoolShape;
using kernels::WindowAxis;

constexpr size_t most_plans = 512;

// To a size that divides the input: windows side by side. NotSupported when it does not.
WindowAxis side_by_side(const WindowAxis& axis) {
  if (axis.in % axis.out != 0) throw NotSupported{};
  const int64_t size = axis.in / axis.out;
  return {.in = axis.in, .out = axis.out, .kernel = size, .stride = size};
}

CudnnPool make_plan(const Cudnn& library, PoolShape s, Average average) {
  if (average == Average::whole_input) s.rows = side_by_side(s.rows), s.cols = side_by_side(s.cols);
  return describe(library, s,
                  average == Average::window ? CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING
                                             : CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING);
}

// `back`: what one direction is refused, the other may have.
auto key_of(const AveragePoolArgs& a, bool back, int device) {
  const auto axis = [](const WindowAxis& w) {
    return std::tuple(w.in, w.out, w.kernel, w.stride, w.padding);
  };
  return std::tuple(a.shape.dtype, a.average, a.shape.planes, axis(a.shape.rows), axis(a.shape.cols), back,
                    device);
}

auto& plans() {
  static auto& known = *new CudnnPlans<decltype(key_of({}, false, 0)), CudnnPool>(most_plans);
  return known;
}

template <class Run>
bool with_plan(const CudnnSession& session, const AveragePoolArgs& a, bool back, const Run& run) {
  const auto make = [&] { return make_plan(session.library, a.shape, a.average); };
  return plans().run(key_of(a, back, session.device), make, run);
}

}  // namespace

bool cudnn_average_pool(const AveragePoolArgs& a) {
  const auto session = CudnnSession::begin();
  if (!session) return false;
  const Cudnn& library = session->library;
  const DType dtype = a.shape.dtype;
  return with_plan(*session, a, false, [&](const CudnnPool& d) {
    check_cudnn(library,
                library.pool(session->handle, d.windows.get(), cudnn_one(dtype), d.x.get(), a.from,
                             cudnn_zero(dtype), d.y.get(), a.to),
                "average_pool", a.shape);
  });
}

bool cudnn_average_pool_back(const AveragePoolArgs& a) {
  const auto session = CudnnSession::begin();
  if (!session) return false;
  const Cudnn& library = session->library;
  const DType dtype = a.shape.dtype;
  return with_plan(*session, a, true, [&](const CudnnPool& d) {
    // The values of x and y have no part in the derivative of a mean; dx and dy stand in for them.
    check_cudnn(library,
                library.pool_gradient(session->handle, d.windows.get(), cudnn_one(dtype), d.y.get(), a.from,
                                      d.y.get(), a.from, d.x.get(), a.to, cudnn_zero(dtype), d.x.get(), a.to),
                "average_pool", "the gradient of ", a.shape);
  });
}

}  // namespace mosaic::cuda
