#include "tests/gpusim/cublaslt_operands.h"

#include <cstring>
#include <functional>

#include "tests/gpusim/library_memory.h"
#include "tests/gpusim/memory.h"

namespace gpusim::lt {
namespace {

[[noreturn]] void fault(const std::string& what) {
  library_fault("cublasLtMatmul", what);
}
void require_live(const std::string& name, const void* data, size_t bytes) {
  gpusim::require_live("cublasLtMatmul", name, data, bytes);
}

// f(address, bytes) for every line of every batch; lines without gaps between them are one.
void each_line(const void* data, const Layout& l, const std::function<void(const std::byte*, size_t)>& f) {
  const size_t size = size_of(static_cast<cudaDataType_t>(l.type));
  for (int64_t batch = 0; batch < l.batch; ++batch) {
    const auto* at = static_cast<const std::byte*>(of_batch(data, l, batch));
    const bool gapless = static_cast<uint64_t>(l.ld) == l.line();
    if (gapless) f(at, l.lines() * l.line() * size);
    for (uint64_t line = 0; line < (gapless ? 0 : l.lines()); ++line) {
      f(at + line * static_cast<uint64_t>(l.ld) * size, l.line() * size);
    }
  }
}

void require_written(const std::string& name, const void* data, size_t bytes) {
  gpusim::require_written("cublasLtMatmul", name, data, bytes);
}

void check_matrix(const std::string& name, const void* data, const Layout& l, bool read) {
  each_line(data, l, [&](const std::byte* at, size_t bytes) {
    require_live(name, at, bytes);
    if (read) require_written(name, at, bytes);
  });
}

// Bytes from the first batch's first to the last batch's last, for strides from 0.
size_t extent(const Layout& l) {
  const auto last = (l.lines() - 1) * static_cast<uint64_t>(l.ld) + l.line() +
                    static_cast<uint64_t>(l.batch - 1) * static_cast<uint64_t>(l.stride < 0 ? 0 : l.stride);
  return last * size_of(static_cast<cudaDataType_t>(l.type));
}

// Operands that begin at the same place as the result; interleaved ones may share an extent rightly.
void check_overlap(const std::string& name, const void* data, const Product& x) {
  if (data == x.out) fault(name + " lies where the result goes");
}

void check_in_place(const Product& x) {
  const Layout &c = x.p.c, &out = x.p.out;
  if (x.beta == 0 || x.c == x.out) return;
  const auto* from = static_cast<const std::byte*>(x.c);
  const auto* to = static_cast<const std::byte*>(x.out);
  const bool apart = from + extent(c) <= to || to + extent(out) <= from;
  if (!apart && c.ld == out.ld && c.batch == 1) fault("C overlaps the result without being it");
}

size_t bias_bytes(const Problem& p) {
  return p.m * size_of(p.bias_type());
}
size_t aux_bytes(const Problem& p) {
  const auto elements = (p.n - 1) * static_cast<uint64_t>(p.d.aux_ld) + p.m;
  return aux_is_bits(p.d) ? (elements + 7) / 8 : elements * size_of(p.aux_type());
}

std::byte* bias_of_batch(const Problem& p, int64_t batch) {
  return static_cast<std::byte*>(p.d.bias) +
         batch * p.d.bias_stride * static_cast<int64_t>(size_of(p.bias_type()));
}

// Column j of the auxiliary matrix, of which the rows beyond m stay as they are.
void each_aux_column(const Problem& p, int64_t batch,
                     const std::function<void(const std::byte*, size_t)>& f) {
  for (uint64_t j = 0; j < p.n; ++j) {
    const uint64_t skipped = j * static_cast<uint64_t>(p.d.aux_ld);
    if (aux_is_bits(p.d)) {
      f(aux_of_batch(p, batch) + skipped / 8, (p.m + 7) / 8);
    } else {
      f(aux_of_batch(p, batch) + skipped * size_of(p.aux_type()), p.m * size_of(p.aux_type()));
    }
  }
}

void check_epilogue(const Problem& p) {
  for (int64_t batch = 0; batch < p.out.batch; ++batch) {
    if (has_bias(p.d) || has_bias_gradient(p.d))
      require_live("the bias", bias_of_batch(p, batch), bias_bytes(p));
    if (has_bias(p.d)) require_written("the bias", bias_of_batch(p, batch), bias_bytes(p));
    if (!writes_aux(p.d) && !reads_aux(p.d)) continue;
    require_live("the auxiliary matrix", aux_of_batch(p, batch), aux_bytes(p));
    if (!reads_aux(p.d)) continue;
    each_aux_column(p, batch, [](const std::byte* at, size_t bytes) {
      require_written("the auxiliary matrix", at, bytes);
    });
  }
}

}  // namespace

bool has_bias(const Description& d) {
  return d.epilogue & CUBLASLT_EPILOGUE_BIAS;
}
bool has_bias_gradient(const Description& d) {
  return d.epilogue == CUBLASLT_EPILOGUE_DRELU_BGRAD || d.epilogue == CUBLASLT_EPILOGUE_DGELU_BGRAD;
}
bool reads_aux(const Description& d) {
  return d.epilogue == CUBLASLT_EPILOGUE_DRELU || d.epilogue == CUBLASLT_EPILOGUE_DGELU ||
         has_bias_gradient(d);
}
bool writes_aux(const Description& d) {
  return (d.epilogue & 128) && !reads_aux(d);
}
bool aux_is_bits(const Description& d) {
  return (d.epilogue & (CUBLASLT_EPILOGUE_GELU | 64)) == 0;
}

std::byte* aux_of_batch(const Problem& p, int64_t batch) {
  const int64_t elements = batch * p.d.aux_stride;
  const int64_t bytes =
      aux_is_bits(p.d) ? elements / 8 : elements * static_cast<int64_t>(size_of(p.aux_type()));
  return static_cast<std::byte*>(p.d.aux) + bytes;
}

void check_operands(const Product& x) {
  check_matrix("A", x.a, x.p.a, true);
  check_matrix("B", x.b, x.p.b, true);
  if (x.beta != 0) check_matrix("C", x.c, x.p.c, true);
  check_matrix("D", x.out, x.p.out, false);
  check_overlap("A", x.a, x);
  check_overlap("B", x.b, x);
  check_in_place(x);
  check_epilogue(x.p);
  if (x.workspace_bytes > 0) require_live("the workspace", x.workspace, x.workspace_bytes);
}

void spoil_workspace(const Product& x) {
  if (x.workspace_bytes == 0) return;
  std::memset(x.workspace, 0xff, x.workspace_bytes);
  Memory::device().mark_written(x.workspace, x.workspace_bytes);
}

void mark_results(const Product& x) {
  const auto mark = [](const std::byte* at, size_t bytes) { Memory::device().mark_written(at, bytes); };
  each_line(x.out, x.p.out, mark);
  for (int64_t batch = 0; batch < x.p.out.batch; ++batch) {
    if (writes_aux(x.p.d)) each_aux_column(x.p, batch, mark);
    if (has_bias_gradient(x.p.d)) mark(bias_of_batch(x.p, batch), bias_bytes(x.p));
  }
}

}  // namespace gpusim::lt
