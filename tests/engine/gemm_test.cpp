// gemm against a loop in double precision, and its bitwise promises (kernels/gemm.h), on every instruction
// set this processor has.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/core/random.h"
#include "engine/cpu/isa.h"
#include "engine/kernels/gemm.h"

using namespace mosaic;
using kernels::Epilogue;
using kernels::GemmArgs;
using kernels::Isa;

namespace {

// Restores the choice of instruction set and threads.
struct Settings {
  Isa isa = kernels::active_isa();
  int count = threads();
  ~Settings() {
    kernels::set_isa(isa);
    set_threads(count);
  }
};

template <class F>
void for_each_isa(const F& f) {
  const Settings settings;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (!kernels::isa_available(isa)) continue;
    kernels::set_isa(isa);
    INFO("instruction set " << std::string(kernels::isa_name()));
    f();
  }
}

// A matrix stored with a leading dimension, the gaps filled with a value that would be noticed.
template <class T>
struct Matrix {
  int64_t rows, cols, ld;
  std::vector<T> values;
  Matrix(Generator& random, int64_t rows, int64_t cols, int64_t gap = 0)
      : rows(rows),
        cols(cols),
        ld(cols + gap),
        values(static_cast<size_t>(std::max<int64_t>(rows * ld, 1)), T(1e6)) {
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < cols; ++j)
        values[static_cast<size_t>(i * ld + j)] = static_cast<T>(random.normal());
    }
  }
};

struct Case {
  int64_t m, n, k;
  bool trans_a = false, trans_b = false;
  int64_t gap = 0;
  double alpha = 1;
  bool accumulate = false, bias = false, relu = false;
};

// The operands of a case, and the worst error of gemm against a loop in double precision, in units of what
// rounding explains: |a| |b| summed over k, times the machine epsilon.
template <class T>
struct Operands {
  Case of;
  Matrix<T> a, b, c, bias;

  Operands(Generator& random, const Case& x)
      : of(x),
        a(random, x.trans_a ? x.k : x.m, x.trans_a ? x.m : x.k, x.gap),
        b(random, x.trans_b ? x.n : x.k, x.trans_b ? x.k : x.n, x.gap),
        c(random, x.m, x.n, x.gap),
        bias(random, 1, x.n) {}

  GemmArgs args(std::vector<T>& out) const {
    return {.dtype = dtype_of<T>,
            .m = of.m,
            .n = of.n,
            .k = of.k,
            .a = a.values.data(),
            .lda = a.ld,
            .trans_a = of.trans_a,
            .b = b.values.data(),
            .ldb = b.ld,
            .trans_b = of.trans_b,
            .c = out.data(),
            .ldc = c.ld,
            .alpha = of.alpha,
            .accumulate = of.accumulate,
            .bias = of.bias ? bias.values.data() : nullptr,
            .epilogue = of.relu ? Epilogue::relu : Epilogue::none};
  }
  std::vector<T> run() const {
    std::vector<T> out = c.values;
    kernels::gemm(args(out));
    return out;
  }
  double worst_error(const std::vector<T>& out) const {
    const auto at = [](const Matrix<T>& x, int64_t i, int64_t j) {
      return static_cast<double>(x.values[static_cast<size_t>(i * x.ld + j)]);
    };
    double worst = 0;
    for (int64_t i = 0; i < of.m; ++i) {
      for (int64_t j = 0; j < c.ld; ++j) {
        const double got = static_cast<double>(out[static_cast<size_t>(i * c.ld + j)]);
        if (j >= of.n) {  // a gap: untouched
          worst = std::max(worst, std::abs(got - 1e6));
          continue;
        }
        double sum = 0, size = 1;
        for (int64_t p = 0; p < of.k; ++p) {
          const double x = of.trans_a ? at(a, p, i) : at(a, i, p), y = of.trans_b ? at(b, j, p) : at(b, p, j);
          sum += x * y;
          size += std::abs(of.alpha * x * y);
        }
        sum = of.alpha * sum + (of.accumulate ? at(c, i, j) : 0) + (of.bias ? at(bias, 0, j) : 0);
        if (of.relu) sum = std::max(sum, 0.0);
        worst = std::max(worst, std::abs(got - sum) / size);
      }
    }
    return worst / static_cast<double>(std::numeric_limits<T>::epsilon());
  }
};

template <class T>
bool same_bits(const std::vector<T>& x, const std::vector<T>& y) {
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0;
}

template <class T>
void check_case(Generator& random, const Case& x) {
  const Operands<T> operands(random, x);
  const double worst = operands.worst_error(operands.run());
  CAPTURE(x.m);
  CAPTURE(x.n);
  CAPTURE(x.k);
  CAPTURE(x.trans_a);
  CAPTURE(x.trans_b);
  CAPTURE(x.accumulate);
  CHECK(worst < 8);
}

constexpr int64_t odd_sizes[] = {1, 2, 3, 5, 7, 8, 13, 17, 31, 33, 65, 129, 257};

}  // namespace

TEST_CASE("gemm equals a loop for odd sizes, transposes and leading dimensions") {
  for_each_isa([] {
    Generator random(7);
    int turn = 0;  // all sizes meet, the options take turns
    for (const int64_t m : odd_sizes) {
      for (const int64_t n : odd_sizes) {
        const int64_t k = odd_sizes[random.below(std::size(odd_sizes))];
        Case x{.m = m, .n = n, .k = k};
        x.trans_a = turn % 2 == 1;
        x.trans_b = turn / 2 % 2 == 1;
        x.gap = turn % 3 == 0 ? 5 : 0;
        x.accumulate = turn % 5 < 2;
        x.alpha = turn % 7 == 0 ? -0.75 : 1;
        x.bias = turn % 4 == 0;
        x.relu = turn % 6 == 0;
        check_case<float>(random, x);
        if (m * n * k < 50000) check_case<double>(random, x);
        ++turn;
      }
    }
  });
}

TEST_CASE("gemm with every epilogue, transpose and number of k blocks") {
  for_each_isa([] {
    Generator random(8);
    for (int options = 0; options < 64; ++options) {
      for (const int64_t k : {40, 700}) {
        Case x{.m = 33, .n = 70, .k = k, .gap = 3};
        x.trans_a = options & 1;
        x.trans_b = options & 2;
        x.accumulate = options & 4;
        x.bias = options & 8;
        x.relu = options & 16;
        x.alpha = options & 32 ? 0.3 : 1;
        check_case<float>(random, x);
        if (k < 100) check_case<double>(random, x);
        x.m = 3;
        check_case<float>(random, x);
      }
    }
    // Long and wide ones: blocks of k and of columns follow one another, B is copied or stays where it is.
    check_case<float>(random, {.m = 40, .n = 1100, .k = 1300});
    check_case<float>(random, {.m = 130, .n = 530, .k = 1100, .trans_a = true, .accumulate = true});
    check_case<float>(random, {.m = 130, .n = 150, .k = 1100, .trans_a = true, .accumulate = true});
    check_case<float>(random, {.m = 50, .n = 1500, .k = 64, .trans_b = true, .bias = true, .relu = true});
  });
}

TEST_CASE("gemm of nothing") {
  for_each_isa([] {
    Generator random(9);
    for (const bool accumulate : {false, true}) {
      for (const bool trans : {false, true}) {
        Case x{.m = 5,
               .n = 19,
               .k = 0,
               .trans_a = trans,
               .trans_b = trans,
               .accumulate = accumulate,
               .bias = true};
        x.relu = true;
        check_case<float>(random, x);
        check_case<double>(random, x);
        check_case<float>(random, {.m = 1, .n = 19, .k = 0, .trans_b = trans, .accumulate = accumulate});
      }
    }
    check_case<float>(random, {.m = 0, .n = 4, .k = 3});
    check_case<float>(random, {.m = 4, .n = 0, .k = 3, .trans_b = true});
    kernels::gemm({.m = 2, .n = 2, .k = 2, .lda = 2, .ldb = 2, .ldc = 2, .batch1 = 0});
  });
}

TEST_CASE("gemm refuses what it cannot do") {
  float x[16] = {};
  GemmArgs args{.m = 2, .n = 3, .k = 4, .a = x, .lda = 4, .b = x, .ldb = 3, .c = x, .ldc = 3};
  args.dtype = DType::i32;
  CHECK_THROWS_AS(kernels::gemm(args), DtypeError);
  args.dtype = DType::f32;
  args.lda = 3;
  CHECK_THROWS_AS(kernels::gemm(args), ShapeError);
  args.lda = 4;
  args.ldc = 2;
  CHECK_THROWS_AS(kernels::gemm(args), ShapeError);
  args.ldc = 3;
  args.m = -1;
  CHECK_THROWS_AS(kernels::gemm(args), ShapeError);
}

TEST_CASE("gemm in batches, with shared operands") {
  for_each_isa([] {
    Generator random(10);
    constexpr int64_t m = 7, n = 18, k = 11, outer = 3, inner = 4;
    const Matrix<float> a(random, outer * inner * m, k), b(random, outer * inner * k, n);
    for (int shared = 0; shared < 4; ++shared) {
      std::vector<float> c(outer * inner * m * n, 0), single(m * n, 0);
      GemmArgs args{.m = m, .n = n, .k = k, .a = a.values.data(), .lda = k, .b = b.values.data(), .ldb = n};
      args.c = c.data();
      args.ldc = n;
      args.batch0 = outer;
      args.batch1 = inner;
      args.a0 = shared & 1 ? 0 : inner * m * k;
      args.a1 = m * k;
      args.b0 = inner * k * n;
      args.b1 = shared & 2 ? 0 : k * n;
      args.c0 = inner * m * n;
      args.c1 = m * n;
      kernels::gemm(args);
      for (int64_t i = 0; i < outer * inner; ++i) {
        GemmArgs one = args;
        one.batch0 = one.batch1 = 1;
        one.a = a.values.data() + i / inner * args.a0 + i % inner * args.a1;
        one.b = b.values.data() + i / inner * args.b0 + i % inner * args.b1;
        one.c = single.data();
        kernels::gemm(one);
        CHECK(std::memcmp(single.data(), c.data() + i * m * n, sizeof(float) * m * n) == 0);
      }
    }
  });
}

TEST_CASE("gemm gives the same bits for any number of threads, twice") {
  for_each_isa([] {
    Generator random(11);
    const Case cases[] = {{.m = 301, .n = 259, .k = 77},
                          {.m = 500, .n = 130, .k = 600, .trans_b = true},
                          {.m = 130, .n = 96, .k = 900, .trans_a = true, .accumulate = true},
                          {.m = 1, .n = 3001, .k = 260, .trans_b = true, .bias = true},
                          {.m = 9, .n = 2000, .k = 128, .trans_b = true}};
    for (const Case& x : cases) {
      const Operands<float> operands(random, x);
      set_threads(1);
      const auto expected = operands.run();
      CHECK(same_bits(operands.run(), expected));
      for (const int count : {2, 3, 5}) {
        set_threads(count);
        CHECK(same_bits(operands.run(), expected));
      }
    }
  });
}

TEST_CASE("gemm of a slice equals gemm of its copy, bit by bit") {
  for_each_isa([] {
    Generator random(12);
    for (int trans = 0; trans < 4; ++trans) {
      Case slice{.m = 65, .n = 77, .k = 530, .gap = 3};
      slice.trans_a = trans & 1;
      slice.trans_b = trans & 2;
      Case dense = slice;
      dense.gap = 0;
      const Operands<float> large(random, slice);
      Operands<float> small(random, dense);
      for (const auto& [from, to] : {std::pair{&large.a, &small.a}, std::pair{&large.b, &small.b}}) {
        for (int64_t i = 0; i < to->rows; ++i) {
          std::copy_n(from->values.begin() + i * from->ld, to->cols, to->values.begin() + i * to->ld);
        }
      }
      const auto of_slice = large.run(), of_copy = small.run();
      for (int64_t i = 0; i < slice.m; ++i) {
        CHECK(std::memcmp(&of_slice[static_cast<size_t>(i * large.c.ld)],
                          &of_copy[static_cast<size_t>(i * small.c.ld)],
                          sizeof(float) * static_cast<size_t>(slice.n)) == 0);
      }
    }
  });
}

TEST_CASE("a row of gemm is the same computed alone, a column too") {
  for_each_isa([] {
    Generator random(13);
    for (int options = 0; options < 8; ++options) {
      Case x{.m = 23, .n = 590, .k = options & 4 ? 1100 : 61};
      x.trans_a = options & 1;
      x.trans_b = options & 2;
      x.bias = true;
      x.alpha = 0.3;
      x.accumulate = true;
      const Operands<float> whole(random, x);
      const auto expected = whole.run();
      const int64_t a_row = x.trans_a ? 1 : whole.a.ld, b_column = x.trans_b ? whole.b.ld : 1;
      // The first and the last `rows` rows, few and many columns from 20 on.
      for (const int64_t rows : {1, 2, 3, 4, 5, 6, 8, 11}) {
        for (const int64_t first : {int64_t{0}, x.m - rows}) {
          const int64_t columns = (rows + first) % 2 == 0 ? 37 : 557;
          auto out = whole.c.values;
          GemmArgs part = whole.args(out);
          part.m = rows;
          part.n = columns;
          part.a = whole.a.values.data() + first * a_row;
          part.b = whole.b.values.data() + 20 * b_column;
          part.bias = whole.bias.values.data() + 20;
          part.c = out.data() + first * part.ldc + 20;
          kernels::gemm(part);
          for (int64_t i = first; i < first + rows; ++i) {
            const auto at = static_cast<size_t>(i * part.ldc + 20);
            CHECK(std::memcmp(&out[at], &expected[at], sizeof(float) * static_cast<size_t>(columns)) == 0);
          }
        }
      }
    }
  });
}

TEST_CASE("gemm passes infinities and NaN to their row and column only") {
  for_each_isa([] {
    Generator random(14);
    const Case x{.m = 20, .n = 37, .k = 33, .trans_b = true, .relu = true};
    Operands<float> operands(random, x);
    operands.a.values[static_cast<size_t>(4 * operands.a.ld + 2)] = std::nanf("");
    const auto out = operands.run();
    for (int64_t i = 0; i < x.m; ++i) {
      for (int64_t j = 0; j < x.n; ++j) CHECK(std::isnan(out[static_cast<size_t>(i * x.n + j)]) == (i == 4));
    }
  });
}

TEST_CASE("the instruction set can be named and is refused when absent") {
  const Settings settings;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (kernels::isa_available(isa)) {
      kernels::set_isa(isa);
      CHECK(kernels::active_isa() == isa);
    } else {
      CHECK_THROWS_AS(kernels::set_isa(isa), ArgumentError);
    }
  }
  CHECK(std::string(kernels::isa_name(Isa::avx2)) == "avx2");
}
