// cuDNN's convolutions and the addition of a bias. Terms are added one after another, in the type of the sum.
#include <cstring>
#include <map>

#include "tests/gpusim/cudnn.h"
#include "tests/gpusim/memory.h"

namespace gpusim::dnn {
namespace {

struct Problem {
  Tensor x, y;
  Filter w;
  Convolution c;
};

cudnnStatus_t describe(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                       cudnnConvolutionDescriptor_t conv, cudnnTensorDescriptor_t y, Problem& p) {
  if (!find(handle)) return bad("no handle");
  const Tensor *tx = find(x), *ty = find(y);
  const Filter* f = find(w);
  const Convolution* c = find(conv);
  if (!tx || !ty || !f || !c) return bad("a descriptor is not there, or not set");
  p = {*tx, *ty, *f, *c};
  if (p.x.type != p.y.type || p.x.type != p.w.type) return bad("x, y and the filter are of different types");
  if (p.x.type != CUDNN_DATA_FLOAT && p.x.type != CUDNN_DATA_DOUBLE) {
    return unsupported("only f32 and f64 are simulated");
  }
  if (p.c.type != p.x.type) return unsupported("sums are in the type of the tensors");
  Tensor expected;
  const cudnnStatus_t status = output_size(p.c, p.x, p.w, expected);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (p.w.n % p.c.groups != 0) return bad("outputs that groups do not divide");
  return expected == p.y ? status : bad("y is not the size of the result");
}

enum class Step { forward, input_gradient, weight_gradient };

// The working memory of an algorithm, or a refusal. Which problems the library itself refuses depends on its
// version and the GPU: those of f64 here are some that a program has to live with.
cudnnStatus_t workspace_of(const Problem& p, Step step, int algorithm, size_t& bytes) {
  bytes = 0;
  const bool wide = p.x.type == CUDNN_DATA_DOUBLE;
  const std::string of_f64 = "the simulated library does not have this algorithm for f64";
  switch (step) {
    case Step::forward:
      if (algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM) return CUDNN_STATUS_SUCCESS;
      if (algorithm != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM) break;
      if (wide) return unsupported(of_f64);
      bytes = p.w.elements() * sizeof(int);
      return CUDNN_STATUS_SUCCESS;
    case Step::input_gradient:
      if (algorithm != CUDNN_CONVOLUTION_BWD_DATA_ALGO_1) break;
      if (wide && (p.c.dilation_h > 1 || p.c.dilation_w > 1)) return unsupported(of_f64 + " dilated");
      bytes = p.w.bytes();
      return CUDNN_STATUS_SUCCESS;
    case Step::weight_gradient:
      if (algorithm != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1) break;
      if (wide && p.c.groups > 1) return unsupported(of_f64 + " in groups");
      bytes = 2 * p.w.bytes();
      return CUDNN_STATUS_SUCCESS;
  }
  return unsupported("algorithm " + std::to_string(algorithm) +
                     " is not simulated: it adds in no fixed order, or transforms");
}

cudnnStatus_t ask(cudnnStatus_t described, const Problem& p, Step step, int algorithm, size_t* bytes) {
  if (described != CUDNN_STATUS_SUCCESS) return described;
  if (!bytes) return bad("no place for the size");
  return workspace_of(p, step, algorithm, *bytes);
}

// With tensor cores allowed, f32 operands are TF32's: eleven bits of the mantissa.
float seen(float value, int math) {
  if (math == CUDNN_FMA_MATH) return value;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0x1000) & ~uint32_t{0x1fff};
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}
double seen(double value, int) {
  return value;
}

// f(place in x, place in w, place in y) for every product of the convolution that is not with padding.
template <class F>
void each_term(const Problem& p, const F& f) {
  const int outputs = p.w.n / p.c.groups;
  const bool flipped = p.c.mode == CUDNN_CONVOLUTION;
  const auto place = [](const Tensor& t, int n, int c, int h, int w) {
    return ((static_cast<size_t>(n) * static_cast<size_t>(t.c) + static_cast<size_t>(c)) *
                static_cast<size_t>(t.h) +
            static_cast<size_t>(h)) *
               static_cast<size_t>(t.w) +
           static_cast<size_t>(w);
  };
  for (int n = 0; n < p.y.n; ++n) {
    for (int o = 0; o < p.y.c; ++o) {
      for (int i = 0; i < p.w.c; ++i) {
        for (int k = 0; k < p.w.h; ++k) {
          for (int l = 0; l < p.w.w; ++l) {
            const size_t w = place(p.w, o, i, flipped ? p.w.h - 1 - k : k, flipped ? p.w.w - 1 - l : l);
            for (int r = 0; r < p.y.h; ++r) {
              const int row = r * p.c.stride_h - p.c.pad_h + k * p.c.dilation_h;
              if (row < 0 || row >= p.x.h) continue;
              for (int c = 0; c < p.y.w; ++c) {
                const int col = c * p.c.stride_w - p.c.pad_w + l * p.c.dilation_w;
                if (col < 0 || col >= p.x.w) continue;
                f(place(p.x, n, o / outputs * p.w.c + i, row, col), w, place(p.y, n, o, r, c));
              }
            }
          }
        }
      }
    }
  }
}

// A step with its data; of x, w and y one is the result.
struct Work {
  Problem p;
  Step step;
  const void *x, *w, *y;
  double alpha, beta;
  void* workspace;
  size_t workspace_bytes;
};

template <class T>
void perform(const Work& work) {
  const Problem& p = work.p;
  const T *x = static_cast<const T*>(work.x), *w = static_cast<const T*>(work.w),
          *y = static_cast<const T*>(work.y);
  const auto of = [&](T value) { return seen(value, p.c.math); };
  const auto write = [&](const Tensor& t, const T* to, const auto& sums_into) {
    std::vector<T> sums(t.elements());
    sums_into(sums);
    for (size_t i = 0; i < sums.size(); ++i) {
      T value = static_cast<T>(work.alpha) * sums[i];
      if (work.beta != 0) value += static_cast<T>(work.beta) * to[i];
      const_cast<T*>(to)[i] = value;
    }
  };
  if (work.workspace_bytes > 0) {  // what an algorithm leaves behind is no number
    std::memset(work.workspace, 0xff, work.workspace_bytes);
  }
  switch (work.step) {
    case Step::forward:
      return write(p.y, y, [&](auto& sums) {
        each_term(p, [&](size_t i, size_t j, size_t k) { sums[k] += of(x[i]) * of(w[j]); });
      });
    case Step::input_gradient:
      return write(p.x, x, [&](auto& sums) {
        each_term(p, [&](size_t i, size_t j, size_t k) { sums[i] += of(w[j]) * of(y[k]); });
      });
    case Step::weight_gradient:
      return write(p.w, w, [&](auto& sums) {
        each_term(p, [&](size_t i, size_t j, size_t k) { sums[j] += of(x[i]) * of(y[k]); });
      });
  }
}

cudnnStatus_t run(const char* function, cudnnHandle_t handle, const Problem& p, Step step, int algorithm,
                  const void* alpha, const void* beta, const void* x, const void* w, const void* y,
                  void* workspace, size_t room) {
  if (!alpha || !beta) return bad("a factor is null");
  size_t wanted = 0;
  const cudnnStatus_t status = workspace_of(p, step, algorithm, wanted);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (wanted > room) {
    return bad("the algorithm needs a workspace of " + std::to_string(wanted) + " bytes, not " +
                   std::to_string(room),
               CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT);
  }
  const Work work{p, step, x, w, y, factor(alpha, p.x.type), factor(beta, p.x.type), workspace, wanted};
  const auto operand = [&](const char* name, const void* data, const Tensor& t, Step result) {
    return Operand{name, data, t.bytes(), step != result || work.beta != 0, step == result};
  };
  std::vector<Operand> operands{operand("x", x, p.x, Step::input_gradient),
                                operand("the filter", w, p.w, Step::weight_gradient),
                                operand("y", y, p.y, Step::forward)};
  if (wanted > 0) operands.push_back({"the workspace", workspace, wanted, false, true});
  return queue(function, handle, operands,
               [work] { visit(work.p.x.type, [&](auto t) { perform<decltype(t)>(work); }); });
}

cudnnStatus_t forward_workspace(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                cudnnConvolutionDescriptor_t conv, cudnnTensorDescriptor_t y,
                                cudnnConvolutionFwdAlgo_t algorithm, size_t* bytes) {
  Problem p;
  const cudnnStatus_t described = describe(handle, x, w, conv, y, p);
  return ask(described, p, Step::forward, algorithm, bytes);
}
cudnnStatus_t input_workspace(cudnnHandle_t handle, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
                              cudnnConvolutionDescriptor_t conv, cudnnTensorDescriptor_t dx,
                              cudnnConvolutionBwdDataAlgo_t algorithm, size_t* bytes) {
  Problem p;
  const cudnnStatus_t described = describe(handle, dx, w, conv, dy, p);
  return ask(described, p, Step::input_gradient, algorithm, bytes);
}
cudnnStatus_t weight_workspace(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
                               cudnnConvolutionDescriptor_t conv, cudnnFilterDescriptor_t dw,
                               cudnnConvolutionBwdFilterAlgo_t algorithm, size_t* bytes) {
  Problem p;
  const cudnnStatus_t described = describe(handle, x, dw, conv, dy, p);
  return ask(described, p, Step::weight_gradient, algorithm, bytes);
}

cudnnStatus_t forward(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_desc, const void* x,
                      cudnnFilterDescriptor_t w_desc, const void* w, cudnnConvolutionDescriptor_t conv,
                      cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t room, const void* beta,
                      cudnnTensorDescriptor_t y_desc, void* y) {
  Problem p;
  const cudnnStatus_t status = describe(handle, x_desc, w_desc, conv, y_desc, p);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  return run("cudnnConvolutionForward", handle, p, Step::forward, algorithm, alpha, beta, x, w, y, workspace,
             room);
}
cudnnStatus_t input_gradient(cudnnHandle_t handle, const void* alpha, cudnnFilterDescriptor_t w_desc,
                             const void* w, cudnnTensorDescriptor_t dy_desc, const void* dy,
                             cudnnConvolutionDescriptor_t conv, cudnnConvolutionBwdDataAlgo_t algorithm,
                             void* workspace, size_t room, const void* beta, cudnnTensorDescriptor_t dx_desc,
                             void* dx) {
  Problem p;
  const cudnnStatus_t status = describe(handle, dx_desc, w_desc, conv, dy_desc, p);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  return run("cudnnConvolutionBackwardData", handle, p, Step::input_gradient, algorithm, alpha, beta, dx, w,
             dy, workspace, room);
}
cudnnStatus_t weight_gradient(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_desc,
                              const void* x, cudnnTensorDescriptor_t dy_desc, const void* dy,
                              cudnnConvolutionDescriptor_t conv, cudnnConvolutionBwdFilterAlgo_t algorithm,
                              void* workspace, size_t room, const void* beta, cudnnFilterDescriptor_t dw_desc,
                              void* dw) {
  Problem p;
  const cudnnStatus_t status = describe(handle, x_desc, dw_desc, conv, dy_desc, p);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  return run("cudnnConvolutionBackwardFilter", handle, p, Step::weight_gradient, algorithm, alpha, beta, x,
             dw, dy, workspace, room);
}

template <class T>
void perform_add(const Tensor& a, const Tensor& c, const T* from, T* to, T alpha, T beta) {
  size_t i = 0;
  const auto at = [](int index, int extent) { return static_cast<size_t>(extent == 1 ? 0 : index); };
  for (int n = 0; n < c.n; ++n) {
    for (int k = 0; k < c.c; ++k) {
      for (int h = 0; h < c.h; ++h) {
        for (int w = 0; w < c.w; ++w, ++i) {
          const size_t place =
              ((at(n, a.n) * static_cast<size_t>(a.c) + at(k, a.c)) * static_cast<size_t>(a.h) + at(h, a.h)) *
                  static_cast<size_t>(a.w) +
              at(w, a.w);
          to[i] = alpha * from[place] + (beta != 0 ? beta * to[i] : T(0));
        }
      }
    }
  }
}

// c = alpha a + beta c, with the extents of a those of c or 1.
cudnnStatus_t add(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t a_desc, const void* a,
                  const void* beta, cudnnTensorDescriptor_t c_desc, void* c) {
  const Tensor *ta = find(a_desc), *tc = find(c_desc);
  if (!ta || !tc || !alpha || !beta) return bad("a descriptor or a factor is not there");
  if (ta->type != tc->type) return bad("a and c are of different types");
  const auto fits = [](int mine, int other) { return mine == other || mine == 1; };
  if (!fits(ta->n, tc->n) || !fits(ta->c, tc->c) || !fits(ta->h, tc->h) || !fits(ta->w, tc->w)) {
    return bad("an extent of a is neither that of c nor 1");
  }
  const double first = factor(alpha, ta->type), second = factor(beta, ta->type);
  return queue("cudnnAddTensor", handle,
               {{"a", a, ta->bytes(), true}, {"c", c, tc->bytes(), second != 0, true}},
               [ta = *ta, tc = *tc, a, c, first, second] {
                 visit(ta.type, [&](auto t) {
                   using T = decltype(t);
                   perform_add(ta, tc, static_cast<const T*>(a), static_cast<T*>(c), static_cast<T>(first),
                               static_cast<T>(second));
                 });
               });
}

}  // namespace

void* conv_symbol(const char* name) {
  static const std::map<std::string, void*> functions{
      {"cudnnGetConvolutionForwardWorkspaceSize", reinterpret_cast<void*>(forward_workspace)},
      {"cudnnConvolutionForward", reinterpret_cast<void*>(forward)},
      {"cudnnGetConvolutionBackwardDataWorkspaceSize", reinterpret_cast<void*>(input_workspace)},
      {"cudnnConvolutionBackwardData", reinterpret_cast<void*>(input_gradient)},
      {"cudnnGetConvolutionBackwardFilterWorkspaceSize", reinterpret_cast<void*>(weight_workspace)},
      {"cudnnConvolutionBackwardFilter", reinterpret_cast<void*>(weight_gradient)},
      {"cudnnAddTensor", reinterpret_cast<void*>(add)},
  };
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}

}  // namespace gpusim::dnn
