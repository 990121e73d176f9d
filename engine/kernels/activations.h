// Activation functions and their derivatives, in the form of scalar.h: operator() is the function,
// back(saved, dy) its derivative times dy.
#pragma once

#include "engine/kernels/math.h"

namespace mosaic::kernels::MOSAIC_ISA {

// log(1 + x) for 0 <= x <= 1, exact to the last places near 0: the rounding of 1 + x is divided out (Kahan).
MOSAIC_HD inline float log1p(float x) {
  const float u = 1.0f + x;
  return u == 1.0f ? x : log(u) * (x / (u - 1.0f));
}
MOSAIC_HD inline double log1p(double x) {
  return __builtin_log1p(x);
}

// e^x - 1 for x <= 0, exact to the last places near 0: with t = tanh(x / 2) it is 2 t / (1 - t).
MOSAIC_HD inline float expm1(float x) {
  const float t = tanh(0.5f * x);
  return 2.0f * t / (1.0f - t);
}
MOSAIC_HD inline double expm1(double x) {
  return __builtin_expm1(x);
}

// x where |x| <= limit, else the limit with its sign; NaN stays NaN.
template <class T>
MOSAIC_HD inline T limited(T x, T limit) {
  return smaller(larger(x, -limit), limit);
}

// Sigmoid linear unit, also called swish: x sigmoid(x). Elfwing et al. (2018).
template <class T>
struct Silu {
  MOSAIC_HD T operator()(T x) const { return x * sigmoid(x); }
  MOSAIC_HD T back(T x, T dy) const {
    const T s = sigmoid(x);
    return dy * s * mul_add(x, T(1) - s, T(1));
  }
};

// The approximation 0.5 x (1 + tanh u), u = sqrt(2 / pi) (x + 0.044715 x^3), of GELU (Hendrycks and Gimpel
// 2016), written with 0.5 (1 + tanh u) = sigmoid(2 u). Beyond 30 the sigmoid is 0 or 1; the limit keeps the
// powers of x finite.
template <class T>
struct GeluTanh {
  static constexpr double slope = 1.59576912160573071176, cubic = 0.044715;  // 2 sqrt(2 / pi)
  MOSAIC_HD static T gate(T x) {
    const T c = limited(x, T(30));
    return sigmoid(T(slope) * c * mul_add(T(cubic) * c, c, T(1)));
  }
  MOSAIC_HD T operator()(T x) const { return x * gate(x); }
  MOSAIC_HD T back(T x, T dy) const {
    const T c = limited(x, T(30)), s = gate(x), inner = T(slope) * mul_add(T(3 * cubic) * c, c, T(1));
    return dy * mul_add(c * s * (T(1) - s), inner, s);
  }
};

// log(1 + e^x) without overflow, and not rounded to 0 for negative x.
template <class T>
struct Softplus {
  MOSAIC_HD T operator()(T x) const { return larger(x, T(0)) + log1p(exp(-abs(x))); }
  MOSAIC_HD T back(T x, T dy) const { return dy * sigmoid(x); }
};

// x tanh(softplus(x)) (Misra 2020). With w = e^x and n = w (w + 2), tanh(softplus(x)) = n / (n + 2), and its
// derivative is 4 w (w + 1) / (n + 2)^2. At w = e^20 the quotient is 1 in double, so w stops there.
template <class T>
struct Mish {
  MOSAIC_HD T operator()(T x) const {
    const T w = exp(smaller(x, T(20))), n = w * (w + T(2));
    return x * (n / (n + T(2)));
  }
  MOSAIC_HD T back(T x, T dy) const {
    const T c = smaller(x, T(20)), w = exp(c), n = w * (w + T(2)), inverse = T(1) / (n + T(2));
    return dy * mul_add(c * (T(4) * w * (w + T(1)) * inverse), inverse, n * inverse);
  }
};

// scale x above 0, scale alpha (e^x - 1) below: ELU (Clevert et al. 2016) and, with its two constants, SELU
// (Klambauer et al. 2017). alpha >= 0 and scale > 0, so that y tells the side.
template <class T>
struct Elu {
  T alpha, scale;
  MOSAIC_HD T operator()(T x) const {
    const T below = alpha * expm1(smaller(x, T(0)));
    return scale * (x > T(0) ? x : below);
  }
  MOSAIC_HD T back(T y, T dy) const { return dy * (y > T(0) ? scale : mul_add(scale, alpha, y)); }
};

// slope x below 0; slope >= 0, so that y tells the side.
template <class T>
struct LeakyRelu {
  T slope;
  MOSAIC_HD T operator()(T x) const { return x > T(0) ? x : slope * x; }
  MOSAIC_HD T back(T y, T dy) const { return y > T(0) ? dy : slope * dy; }
};

// x / 6 + 1 / 2 between 0 and 1 (Howard et al. 2019, "Searching for MobileNetV3").
template <class T>
struct HardSigmoid {
  MOSAIC_HD T operator()(T x) const { return smaller(larger(mul_add(x, T(1.0 / 6), T(0.5)), T(0)), T(1)); }
  MOSAIC_HD T back(T x, T dy) const { return x > T(-3) && x < T(3) ? dy * T(1.0 / 6) : T(0); }
};

// x hard_sigmoid(x), same source.
template <class T>
struct HardSwish {
  MOSAIC_HD T operator()(T x) const { return x * HardSigmoid<T>{}(x); }
  MOSAIC_HD T back(T x, T dy) const {
    const T inside = dy * mul_add(x, T(1.0 / 3), T(0.5));
    return x <= T(-3) ? T(0) : (x >= T(3) ? dy : inside);
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
