// One struct a unary function: operator() is the function, back(saved, dy) its derivative times dy, where
// saved is the input x or the result y, as the parameter's name says (the op saves the same one).
#pragma once

#include "engine/kernels/activations.h"
#include "engine/kernels/elementwise.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T>
struct Neg {
  MOSAIC_HD T operator()(T x) const { return -x; }
  MOSAIC_HD T back(T, T dy) const { return -dy; }
};
template <class T>
struct Exp {
  MOSAIC_HD T operator()(T x) const { return exp(x); }
  MOSAIC_HD T back(T y, T dy) const { return dy * y; }
};
template <class T>
struct Log {
  MOSAIC_HD T operator()(T x) const { return log(x); }
  MOSAIC_HD T back(T x, T dy) const { return dy / x; }
};
template <class T>
struct Sqrt {
  MOSAIC_HD T operator()(T x) const { return sqrt(x); }
  MOSAIC_HD T back(T y, T dy) const { return T(0.5) * dy / y; }
};
template <class T>
struct Rsqrt {
  MOSAIC_HD T operator()(T x) const { return T(1) / sqrt(x); }
  MOSAIC_HD T back(T y, T dy) const { return T(-0.5) * dy * y * y * y; }
};
template <class T>
struct Square {
  MOSAIC_HD T operator()(T x) const { return x * x; }
  MOSAIC_HD T back(T x, T dy) const { return T(2) * x * dy; }
};
template <class T>
struct Abs {
  MOSAIC_HD T operator()(T x) const { return abs(x); }
  MOSAIC_HD T back(T x, T dy) const { return x > T(0) ? dy : (x < T(0) ? -dy : T(0)); }
};
template <class T>
struct Sin {
  MOSAIC_HD T operator()(T x) const { return sin(x); }
  MOSAIC_HD T back(T x, T dy) const { return dy * cos(x); }
};
template <class T>
struct Cos {
  MOSAIC_HD T operator()(T x) const { return cos(x); }
  MOSAIC_HD T back(T x, T dy) const { return -dy * sin(x); }
};
template <class T>
struct Tanh {
  MOSAIC_HD T operator()(T x) const { return tanh(x); }
  MOSAIC_HD T back(T y, T dy) const { return dy * mul_add(-y, y, T(1)); }
};
template <class T>
struct Sigmoid {
  MOSAIC_HD T operator()(T x) const { return sigmoid(x); }
  MOSAIC_HD T back(T y, T dy) const { return dy * y * (T(1) - y); }
};
template <class T>
struct Relu {
  MOSAIC_HD T operator()(T x) const { return x > T(0) || x != x ? x : T(0); }
  MOSAIC_HD T back(T y, T dy) const { return y > T(0) ? dy : T(0); }
};
template <class T>
struct Gelu {
  MOSAIC_HD T operator()(T x) const { return gelu(x); }
  MOSAIC_HD T back(T x, T dy) const { return dy * gelu_derivative(x); }
};
template <class T>
struct AddValue {
  T value;
  MOSAIC_HD T operator()(T x) const { return x + value; }
  MOSAIC_HD T back(T, T dy) const { return dy; }
};
template <class T>
struct MulValue {
  T value;
  MOSAIC_HD T operator()(T x) const { return x * value; }
  MOSAIC_HD T back(T, T dy) const { return dy * value; }
};
template <class T>
struct Pow {
  T exponent;
  MOSAIC_HD T operator()(T x) const { return pow(x, exponent); }
  MOSAIC_HD T back(T x, T dy) const { return dy * exponent * pow(x, exponent - T(1)); }
};
template <class T>
struct Clamp {
  T low, high;
  MOSAIC_HD T operator()(T x) const { return x < low ? low : (x > high ? high : x); }
  MOSAIC_HD T back(T x, T dy) const { return x < low || x > high ? T(0) : dy; }
};

// Calls f(function, nanoseconds an element takes).
template <class T, class F>
void visit_unary(UnaryOp op, double a, double b, const F& f) {
  const T first = static_cast<T>(a), second = static_cast<T>(b);
  constexpr double simple = 0.3, polynomial = 1, library = 6;
  switch (op) {
    case UnaryOp::neg:
      return f(Neg<T>{}, simple);
    case UnaryOp::exp:
      return f(Exp<T>{}, polynomial);
    case UnaryOp::log:
      return f(Log<T>{}, polynomial);
    case UnaryOp::sqrt:
      return f(Sqrt<T>{}, polynomial);
    case UnaryOp::rsqrt:
      return f(Rsqrt<T>{}, polynomial);
    case UnaryOp::square:
      return f(Square<T>{}, simple);
    case UnaryOp::abs:
      return f(Abs<T>{}, simple);
    case UnaryOp::sin:
      return f(Sin<T>{}, library);
    case UnaryOp::cos:
      return f(Cos<T>{}, library);
    case UnaryOp::tanh:
      return f(Tanh<T>{}, polynomial);
    case UnaryOp::sigmoid:
      return f(Sigmoid<T>{}, polynomial);
    case UnaryOp::relu:
      return f(Relu<T>{}, simple);
    case UnaryOp::gelu:
      return f(Gelu<T>{}, polynomial);
    case UnaryOp::gelu_tanh:
      return f(GeluTanh<T>{}, polynomial);
    case UnaryOp::silu:
      return f(Silu<T>{}, polynomial);
    case UnaryOp::mish:
      return f(Mish<T>{}, polynomial);
    case UnaryOp::softplus:
      return f(Softplus<T>{}, 2 * polynomial);
    case UnaryOp::elu:
      return f(Elu<T>{first, second}, polynomial);
    case UnaryOp::leaky_relu:
      return f(LeakyRelu<T>{first}, simple);
    case UnaryOp::hard_sigmoid:
      return f(HardSigmoid<T>{}, simple);
    case UnaryOp::hard_swish:
      return f(HardSwish<T>{}, simple);
    case UnaryOp::add:
      return f(AddValue<T>{first}, simple);
    case UnaryOp::mul:
      return f(MulValue<T>{first}, simple);
    case UnaryOp::pow:
      return f(Pow<T>{first}, library);
    case UnaryOp::clamp:
      return f(Clamp<T>{first, second}, simple);
  }
}

struct Choose {
  template <class T>
  MOSAIC_HD T operator()(uint8_t mask, T a, T b) const {
    return mask != 0 ? a : b;
  }
};
struct Equal {
  template <class T>
  MOSAIC_HD uint8_t operator()(T a, T b) const {
    return a == b ? 1 : 0;
  }
};
struct Less {
  template <class T>
  MOSAIC_HD uint8_t operator()(T a, T b) const {
    return a < b ? 1 : 0;
  }
};
struct IsFinite {
  template <class T>
  MOSAIC_HD uint8_t operator()(T x) const {
    return is_finite(x) ? 1 : 0;
  }
};

// Whether copies convert directly: half types to and from f32 only, so that there are few kernels.
template <class From, class To>
inline constexpr bool converts = sizeof(From) == sizeof(To)
                                     ? dtype_of<From> == dtype_of<To> || !is_half(dtype_of<From>)
                                     : (!is_half(dtype_of<From>) || dtype_of<To> == DType::f32) &&
                                           (!is_half(dtype_of<To>) || dtype_of<From> == DType::f32);

// Conversion that is defined for every value.
template <class To>
struct Cast {
  template <class From>
  MOSAIC_HD To operator()(From x) const {
    if constexpr (is_float_type<To>) {
      return static_cast<To>(static_cast<compute_t<To>>(static_cast<compute_t<From>>(x)));
    } else if constexpr (sizeof(To) == 4 && sizeof(From) == 1) {
      return x;
    } else {
      constexpr double low = sizeof(To) == 1 ? 0.0 : -2147483648.0,
                       high = sizeof(To) == 1 ? 255.0 : 2147483647.0;
      const double value = static_cast<double>(x);
      return value != value ? To(0) : static_cast<To>(value < low ? low : (value > high ? high : value));
    }
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
