// Convolution on a GPU, by cuDNN where it has one. Our own: the patches of several images at once are a batch
// of matrices in working memory, which the matrix product multiplies with the weights; windows of one element
// need no patches, and groups of one channel no product. Every result is gathered by one thread or one team,
// so no order of sums is left open.
#include "engine/core/dtype.h"
#include "engine/cuda/cudnn_layers.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/conv_on.h"

namespace mosaic::kernels::gpu {
namespace {

// Element i of planes {rows, cols}.
struct Place {
  int64_t plane, row, col;
  __device__ __forceinline__ Place(int64_t i, int64_t rows, int64_t cols) {
    const int64_t line = i / cols;
    col = i - line * cols;
    plane = line / rows;
    row = line - plane * rows;
  }
};

// patches {images, channels, places, out_size}: what every output sees, zero where that is padding.
template <class T>
struct GatherPatches {
  ConvShape s;
  const T* x;
  T* patches;
  __device__ void operator()(int64_t i) const {
    const Place at(i, s.rows.out, s.cols.out);
    const Place seen(at.plane, s.rows.kernel, s.cols.kernel);  // its plane is that of x
    const int64_t row = window_at(s.rows, at.row, seen.row), col = window_at(s.cols, at.col, seen.col);
    const bool inside = row >= 0 && row < s.rows.in && col >= 0 && col < s.cols.in;
    patches[i] = inside ? x[seen.plane * in_size(s) + row * s.cols.in + col] : T(0);
  }
};

// Its transpose: each input is the sum over the patches it is in.
template <class T>
struct SumPatches {
  ConvShape s;
  const T* patches;
  T* dx;
  __device__ void operator()(int64_t i) const {
    const Place at(i, s.rows.in, s.cols.in);
    const T* plane = patches + at.plane * places(s) * out_size(s);
    T total = T(0);
    each_output_of_input(s.rows, at.row, [&](int64_t kr, int64_t r) {
      each_output_of_input(s.cols, at.col, [&](int64_t kc, int64_t c) {
        total += plane[(kr * s.cols.kernel + kc) * out_size(s) + r * s.cols.out + c];
      });
    });
    dx[i] = total;
  }
};

template <class T>
struct FillBias {
  int64_t out_channels, size;
  const T* bias;
  T* y;
  __device__ void operator()(int64_t i) const { y[i] = bias[i / size % out_channels]; }
};

// dweight (+)= the sum over the images' shares {images, size}.
template <class T>
struct SumImages {
  int64_t images, size;
  const T* shares;
  T* dweight;
  bool add;
  __device__ void operator()(int64_t i) const {
    T total = add ? dweight[i] : T(0);
    for (int64_t image = 0; image < images; ++image) total += shares[image * size + i];
    dweight[i] = total;
  }
};

// Output channel o of a depthwise convolution sees channel o / outputs(s).
template <class T>
struct DepthwiseOutput {
  ConvArgs a;
  __device__ void operator()(int64_t i) const {
    const ConvShape& s = a.shape;
    const Place at(i, s.rows.out, s.cols.out);
    const int64_t image = at.plane / s.out_channels, o = at.plane - image * s.out_channels;
    const T* x = static_cast<const T*>(a.x) + (image * s.channels + o / outputs(s)) * in_size(s);
    const T* weight = static_cast<const T*>(a.weight) + o * places(s);
    const Span down = places_of_output(s.rows, at.row), along = places_of_output(s.cols, at.col);
    T total = a.bias ? static_cast<const T*>(a.bias)[o] : T(0);
    for (int64_t kr = down.first; kr < down.last; ++kr) {
      const T* row = x + window_at(s.rows, at.row, kr) * s.cols.in;
      for (int64_t kc = along.first; kc < along.last; ++kc) {
        total = mul_add(weight[kr * s.cols.kernel + kc], row[window_at(s.cols, at.col, kc)], total);
      }
    }
    static_cast<T*>(a.y)[i] = total;
  }
};
template <class T>
struct DepthwiseInputGradient {
  ConvGradInputArgs a;
  __device__ void operator()(int64_t i) const {
    const ConvShape& s = a.shape;
    const Place at(i, s.rows.in, s.cols.in);
    const int64_t image = at.plane / s.channels, first = (at.plane - image * s.channels) * outputs(s);
    T total = T(0);
    for (int64_t o = first; o < first + outputs(s); ++o) {
      const T* dy = static_cast<const T*>(a.dy) + (image * s.out_channels + o) * out_size(s);
      const T* weight = static_cast<const T*>(a.weight) + o * places(s);
      each_output_of_input(s.rows, at.row, [&](int64_t kr, int64_t r) {
        each_output_of_input(s.cols, at.col, [&](int64_t kc, int64_t c) {
          total = mul_add(weight[kr * s.cols.kernel + kc], dy[r * s.cols.out + c], total);
        });
      });
    }
    static_cast<T*>(a.dx)[i] = total;
  }
};
// One weight a team: a sum over images and outputs.
template <class T>
struct DepthwiseWeightGradient {
  ConvGradWeightArgs a;
  template <class Team>
  __device__ void operator()(const Team& team, int64_t weight) const {
    const ConvShape& s = a.shape;
    const Place place(weight, s.rows.kernel, s.cols.kernel);
    const int64_t o = place.plane, channel = o / outputs(s);
    const auto term = [&](int64_t i) {
      const Place at(i, s.rows.out, s.cols.out);  // its plane is the image
      const int64_t row = window_at(s.rows, at.row, place.row), col = window_at(s.cols, at.col, place.col);
      if (row < 0 || row >= s.rows.in || col < 0 || col >= s.cols.in) return T(0);
      return static_cast<const T*>(
                 a.dy)[(at.plane * s.out_channels + o) * out_size(s) + at.row * s.cols.out + at.col] *
             static_cast<const T*>(
                 a.x)[(at.plane * s.channels + channel) * in_size(s) + row * s.cols.in + col];
    };
    const T total = team.template sum<T>(s.batch * out_size(s), term);
    team.once([&] { static_cast<T*>(a.dweight)[weight] = total; });
  }
};

// The product that every step is one of, over `images` images and all groups; the caller fills in operands.
GemmArgs product(const ConvShape& s, int64_t images) {
  GemmArgs g{.dtype = s.dtype};
  g.batch0 = images;
  g.batch1 = s.groups;
  return g;
}

template <class T>
class Steps {
 public:
  explicit Steps(const ConvShape& s) : s_(s) {}

  void forward(const ConvArgs& a) const {
    const T* x = static_cast<const T*>(a.x);
    T* y = static_cast<T*>(a.y);
    if (a.bias) {
      CudaLaunch::each(s_.batch * out_stride(), 0,
                       FillBias<T>{s_.out_channels, out_size(s_), static_cast<const T*>(a.bias), y});
    }
    each_piece(is_pointwise(s_) ? 0 : elements_of_patches(), [&](int64_t first, int64_t images, T* room) {
      const T* patches = gathered(x + first * in_stride(), images, room);
      GemmArgs g = product(s_, images);
      weights_as_a(g, a.weight, patch(s_));
      g.m = outputs(s_), g.n = out_size(s_), g.k = patch(s_);
      patches_as(g.b, g.ldb, g.b0, g.b1, patches);
      g.c = y + first * out_stride(), g.ldc = out_size(s_), g.c0 = out_stride();
      g.c1 = outputs(s_) * out_size(s_);
      g.accumulate = a.bias != nullptr;
      gemm().gemm(g);
    });
  }

  void input_gradient(const ConvGradInputArgs& a) const {
    const T* dy = static_cast<const T*>(a.dy);
    T* dx = static_cast<T*>(a.dx);
    each_piece(is_pointwise(s_) ? 0 : elements_of_patches(), [&](int64_t first, int64_t images, T* room) {
      T* to = dx + first * in_stride();
      T* patches = is_pointwise(s_) ? to : room;
      GemmArgs g = product(s_, images);
      weights_as_a(g, a.weight, patch(s_));
      g.trans_a = true;
      g.m = patch(s_), g.n = out_size(s_), g.k = outputs(s_);
      outputs_as(g.b, g.ldb, g.b0, g.b1, dy + first * out_stride());
      g.c = patches, g.ldc = out_size(s_), g.c0 = elements_of_patches(), g.c1 = patch(s_) * out_size(s_);
      gemm().gemm(g);
      if (!is_pointwise(s_)) CudaLaunch::each(images * in_stride(), 0, SumPatches<T>{s_, patches, to});
    });
  }

  void weight_gradient(const ConvGradWeightArgs& a) const {
    const T *x = static_cast<const T*>(a.x), *dy = static_cast<const T*>(a.dy);
    const int64_t patches_room = is_pointwise(s_) ? 0 : elements_of_patches();
    each_piece(patches_room + weights(), [&](int64_t first, int64_t images, T* room) {
      T* shares = room + images * patches_room;  // {images, out_channels, patch}
      const T* patches = gathered(x + first * in_stride(), images, room);
      GemmArgs g = product(s_, images);
      outputs_as(g.a, g.lda, g.a0, g.a1, dy + first * out_stride());
      g.m = outputs(s_), g.n = patch(s_), g.k = out_size(s_);
      patches_as(g.b, g.ldb, g.b0, g.b1, patches);
      g.trans_b = true;
      g.c = shares, g.ldc = patch(s_), g.c0 = weights(), g.c1 = outputs(s_) * patch(s_);
      gemm().gemm(g);
      CudaLaunch::each(weights(), 0,
                       SumImages<T>{images, weights(), shares, static_cast<T*>(a.dweight), first > 0});
    });
  }

 private:
  int64_t in_stride() const { return s_.channels * in_size(s_); }        // of one image
  int64_t out_stride() const { return s_.out_channels * out_size(s_); }  // of one image
  int64_t weights() const { return s_.out_channels * patch(s_); }
  int64_t elements_of_patches() const { return s_.channels * places(s_) * out_size(s_); }  // of one image

  // Calls f(first image, images, room) for pieces of the batch whose working memory of `elements` an image is
  // not much more than 64 MB; a number that depends on sizes only, as the order of sums does on it.
  template <class F>
  void each_piece(int64_t elements, const F& f) const {
    constexpr int64_t most_bytes = int64_t{64} << 20;
    const int64_t bytes = elements * static_cast<int64_t>(sizeof(T));
    int64_t step = bytes == 0 ? s_.batch : most_bytes / bytes;
    step = step < 1 ? 1 : (step < s_.batch ? step : s_.batch);
    const cuda::Scratch room(static_cast<size_t>(step * bytes));
    for (int64_t first = 0; first < s_.batch; first += step) {
      f(first, s_.batch - first < step ? s_.batch - first : step, static_cast<T*>(room.data()));
    }
  }

  const T* gathered(const T* x, int64_t images, T* room) const {
    if (is_pointwise(s_)) return x;
    CudaLaunch::each(images * elements_of_patches(), 0, GatherPatches<T>{s_, x, room});
    return room;
  }

  void weights_as_a(GemmArgs& g, const void* weight, int64_t row) const {
    g.a = weight, g.lda = row, g.a0 = 0, g.a1 = outputs(s_) * patch(s_);
  }
  void patches_as(const void*& data, int64_t& ld, int64_t& image, int64_t& group, const T* patches) const {
    data = patches, ld = out_size(s_), image = elements_of_patches(), group = patch(s_) * out_size(s_);
  }
  void outputs_as(const void*& data, int64_t& ld, int64_t& image, int64_t& group, const T* dy) const {
    data = dy, ld = out_size(s_), image = out_stride(), group = outputs(s_) * out_size(s_);
  }

  ConvShape s_;
};

struct CudaConv final : Conv {
  void conv(const ConvArgs& a) const override {
    const ConvShape& s = a.shape;
    if (!is_depthwise(s) && cuda::cudnn_conv(a)) return;
    visit_wide(s.dtype, "conv", [&]<class T>() {
      if (!is_depthwise(s)) return Steps<T>(s).forward(a);
      CudaLaunch::each(s.batch * s.out_channels * out_size(s), 0, DepthwiseOutput<T>{a});
    });
  }
  void conv_grad_input(const ConvGradInputArgs& a) const override {
    const ConvShape& s = a.shape;
    if (!is_depthwise(s) && cuda::cudnn_conv_grad_input(a)) return;
    visit_wide(s.dtype, "conv", [&]<class T>() {
      if (!is_depthwise(s)) return Steps<T>(s).input_gradient(a);
      CudaLaunch::each(s.batch * s.channels * in_size(s), 0, DepthwiseInputGradient<T>{a});
    });
  }
  void conv_grad_weight(const ConvGradWeightArgs& a) const override {
    const ConvShape& s = a.shape;
    if (!is_depthwise(s) && cuda::cudnn_conv_grad_weight(a)) return;
    visit_wide(s.dtype, "conv", [&]<class T>() {
      if (!is_depthwise(s)) return Steps<T>(s).weight_gradient(a);
      CudaLaunch::rows(s.out_channels * places(s), static_cast<double>(s.batch * out_size(s)),
                       DepthwiseWeightGradient<T>{a});
    });
  }
};

}  // namespace

const Conv& conv() {
  static constexpr CudaConv kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
