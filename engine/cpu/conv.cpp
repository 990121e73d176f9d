// Convolution on the CPU, compiled once per instruction set. The patches of some output rows become a matrix
// that stays in the caches and is multiplied with the weights; windows of one element need no patches, and
// groups of one channel no product. Images are worked on side by side; a single one is left to the product's
// threads.
#include "engine/kernels/conv.h"

#include "engine/cpu/depthwise.h"
#include "engine/cpu/launch.h"
#include "engine/cpu/patches.h"
#include "engine/cpu/scratch.h"
#include "engine/kernels/gemm.h"

namespace mosaic::kernels::MOSAIC_ISA {
namespace {

// Nanoseconds, roughly, of the products of one image.
double image_cost(const ConvShape& s) {
  const double terms = static_cast<double>(s.out_channels * patch(s)) * static_cast<double>(out_size(s));
  return (s.dtype == DType::f32 ? 0.04 : 0.2) * terms + 100;
}

// Where one group of one image begins in each tensor.
struct Group {
  int64_t in, out, weight, first_output;
  Group(const ConvShape& s, int64_t image, int64_t group)
      : in((image * s.channels + group * (s.channels / s.groups)) * in_size(s)),
        out((image * s.out_channels + group * outputs(s)) * out_size(s)),
        weight(group * outputs(s) * patch(s)),
        first_output(group * outputs(s)) {}
};

// Calls f(buffer, rows) for pieces of the output rows. The buffer has room for the piece's patches, which
// fit in a second-level cache, unless the weights are so many that they should be read less often.
template <class T, class F>
void each_piece(const ConvShape& s, const F& f) {
  constexpr int64_t values = 1 << 16;
  const int64_t by_cache = values / patch(s), by_weight = 2 * outputs(s);
  const int64_t rows = (by_cache > by_weight ? by_cache : by_weight) / s.cols.out;
  const int64_t most = rows < 1 ? 1 : (rows < s.rows.out ? rows : s.rows.out);
  const int64_t bytes = patch(s) * most * s.cols.out * static_cast<int64_t>(sizeof(T));
  T* buffer = static_cast<T*>(scratch(Scratch::kernel, bytes));
  for (int64_t first = 0; first < s.rows.out; first += most) {
    f(buffer, PatchRows{first, s.rows.out - first < most ? s.rows.out - first : most});
  }
}

// y (+)= weight patches, at the positions from `first` on.
template <class T>
void multiply(const ConvShape& s, const T* weight, const T* patches, int64_t positions, T* y, bool add) {
  gemm({.dtype = s.dtype,
        .m = outputs(s),
        .n = positions,
        .k = patch(s),
        .a = weight,
        .lda = patch(s),
        .b = patches,
        .ldb = positions,
        .c = y,
        .ldc = out_size(s),
        .accumulate = add});
}

template <class T>
void forward_image(const ConvArgs& a, int64_t image) {
  const ConvShape& s = a.shape;
  const T* bias = static_cast<const T*>(a.bias);
  for (int64_t g = 0; g < s.groups; ++g) {
    const Group group(s, image, g);
    const T* x = static_cast<const T*>(a.x) + group.in;
    const T* weight = static_cast<const T*>(a.weight) + group.weight;
    T* y = static_cast<T*>(a.y) + group.out;
    for (int64_t o = 0; bias && o < outputs(s); ++o) {
      const T start = bias[group.first_output + o];
      for (int64_t i = 0; i < out_size(s); ++i) y[o * out_size(s) + i] = start;
    }
    if (is_pointwise(s)) {
      multiply(s, weight, x, out_size(s), y, bias != nullptr);
      continue;
    }
    each_piece<T>(s, [&](T* patches, PatchRows at) {
      gather_patches(s, x, at, patches);
      multiply<T>(s, weight, patches, at.rows * s.cols.out, y + at.first * s.cols.out, bias != nullptr);
    });
  }
}

// patches = weight' dy, at the positions where dy begins.
template <class T>
void multiply_back(const ConvShape& s, const T* weight, const T* dy, int64_t positions, T* patches) {
  gemm({.dtype = s.dtype,
        .m = patch(s),
        .n = positions,
        .k = outputs(s),
        .a = weight,
        .lda = patch(s),
        .trans_a = true,
        .b = dy,
        .ldb = out_size(s),
        .c = patches,
        .ldc = positions});
}

template <class T>
void input_gradient(const ConvGradInputArgs& a, int64_t image) {
  const ConvShape& s = a.shape;
  for (int64_t g = 0; g < s.groups; ++g) {
    const Group group(s, image, g);
    const T* weight = static_cast<const T*>(a.weight) + group.weight;
    const T* dy = static_cast<const T*>(a.dy) + group.out;
    T* dx = static_cast<T*>(a.dx) + group.in;
    if (is_pointwise(s)) {
      multiply_back(s, weight, dy, out_size(s), dx);
      continue;
    }
    const int64_t size = s.channels / s.groups * in_size(s);
    for (int64_t i = 0; i < size; ++i) dx[i] = T(0);
    each_piece<T>(s, [&](T* patches, PatchRows at) {
      multiply_back<T>(s, weight, dy + at.first * s.cols.out, at.rows * s.cols.out, patches);
      scatter_patches<T>(s, patches, at, dx);
    });
  }
}

// dweight (+)= dy patches'.
template <class T>
void multiply_weight(const ConvShape& s, const T* dy, const T* patches, int64_t positions, T* dweight,
                     bool add) {
  gemm({.dtype = s.dtype,
        .m = outputs(s),
        .n = patch(s),
        .k = positions,
        .a = dy,
        .lda = out_size(s),
        .b = patches,
        .ldb = positions,
        .trans_b = true,
        .c = dweight,
        .ldc = patch(s),
        .accumulate = add});
}

// Of the images [begin, end).
template <class T>
void weight_gradient(const ConvGradWeightArgs& a, int64_t begin, int64_t end, T* dweight) {
  const ConvShape& s = a.shape;
  for (int64_t image = begin; image < end; ++image) {
    for (int64_t g = 0; g < s.groups; ++g) {
      const Group group(s, image, g);
      const T* x = static_cast<const T*>(a.x) + group.in;
      const T* dy = static_cast<const T*>(a.dy) + group.out;
      T* to = dweight + group.weight;
      if (is_pointwise(s)) {
        multiply_weight(s, dy, x, out_size(s), to, image > begin);
        continue;
      }
      each_piece<T>(s, [&](T* patches, PatchRows at) {
        gather_patches(s, x, at, patches);
        multiply_weight<T>(s, dy + at.first * s.cols.out, patches, at.rows * s.cols.out, to,
                           image > begin || at.first > 0);
      });
    }
  }
}

// Chunks of images whose gradients are summed on their own, then over the chunks: a number that depends on
// the sizes only. Large weights get few chunks, as their products are work enough for all threads.
int64_t chunks_of_images(const ConvShape& s) {
  const int64_t room = (int64_t{1} << 20) / (s.out_channels * patch(s)), most = s.batch < 16 ? s.batch : 16;
  return room < 1 ? 1 : (room < most ? room : most);
}
template <class T>
void weight_gradient(const ConvGradWeightArgs& a) {
  const ConvShape& s = a.shape;
  const int64_t chunks = chunks_of_images(s), size = s.out_channels * patch(s);
  T* dweight = static_cast<T*>(a.dweight);
  if (chunks == 1) return weight_gradient<T>(a, 0, s.batch, dweight);
  T* parts = static_cast<T*>(
      scratch(Scratch::caller, chunks * size * static_cast<int64_t>(sizeof(T))));  // {chunks, size}
  const double images = static_cast<double>(s.batch) / static_cast<double>(chunks);
  CpuLaunch::each(chunks, images * image_cost(s), [&](int64_t chunk) {
    weight_gradient<T>(a, s.batch * chunk / chunks, s.batch * (chunk + 1) / chunks, parts + chunk * size);
  });
  CpuLaunch::spans(size, 0.3 * static_cast<double>(chunks), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) dweight[i] = parts[i];
    for (int64_t chunk = 1; chunk < chunks; ++chunk) {
      const T* part = parts + chunk * size;
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) dweight[i] += part[i];
    }
  });
}

struct CpuConv final : Conv {
  void conv(const ConvArgs& a) const override {
    a.shape.dtype == DType::f32 ? forward<float>(a) : forward<double>(a);
  }
  void conv_grad_input(const ConvGradInputArgs& a) const override {
    a.shape.dtype == DType::f32 ? backward<float>(a) : backward<double>(a);
  }
  void conv_grad_weight(const ConvGradWeightArgs& a) const override {
    a.shape.dtype == DType::f32 ? backward<float>(a) : backward<double>(a);
  }

 private:
  static double plane_cost(const ConvShape& s) {
    return 0.3 * static_cast<double>(places(s) * out_size(s)) + 50;
  }
  template <class T>
  static void forward(const ConvArgs& a) {
    const ConvShape& s = a.shape;
    if (is_depthwise(s))
      return CpuLaunch::rows(s.batch * s.out_channels, plane_cost(s), DepthwisePlane<T>{a});
    CpuLaunch::each(s.batch, image_cost(s), [&a](int64_t image) { forward_image<T>(a, image); });
  }
  template <class T>
  static void backward(const ConvGradInputArgs& a) {
    const ConvShape& s = a.shape;
    if (is_depthwise(s)) {
      const double cost = static_cast<double>(outputs(s)) * plane_cost(s);
      return CpuLaunch::rows(s.batch * s.channels, cost, DepthwiseGradPlane<T>{a});
    }
    CpuLaunch::each(s.batch, image_cost(s), [&a](int64_t image) { input_gradient<T>(a, image); });
  }
  template <class T>
  static void backward(const ConvGradWeightArgs& a) {
    const ConvShape& s = a.shape;
    if (!is_depthwise(s)) return weight_gradient<T>(a);
    CpuLaunch::rows(s.out_channels, static_cast<double>(s.batch) * plane_cost(s), DepthwiseGradWeight<T>{a});
  }
};

}  // namespace

const Conv& cpu_conv() {
  static constexpr CpuConv kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
