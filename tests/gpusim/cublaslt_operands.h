// Where the operands of a product lie in device memory.
#pragma once

#include "tests/gpusim/cublaslt.h"

namespace gpusim::lt {

inline const void* of_batch(const void* data, const Layout& l, int64_t batch) {
  const auto size = static_cast<int64_t>(size_of(static_cast<cudaDataType_t>(l.type)));
  return static_cast<const std::byte*>(data) + batch * l.stride * size;
}
inline void* of_batch(void* data, const Layout& l, int64_t batch) {
  return const_cast<void*>(of_batch(static_cast<const void*>(data), l, batch));
}

// The epilogue's parts beyond the activation.
bool has_bias(const Description& d);
bool has_bias_gradient(const Description& d);
bool writes_aux(const Description& d);
bool reads_aux(const Description& d);
bool aux_is_bits(const Description& d);

std::byte* aux_of_batch(const Problem& p, int64_t batch);

// Fault for operands beyond live memory, for reads of what was never written (with Options::checks), and for
// results on top of operands.
void check_operands(const Product& product);
// Leaves NaNs where an algorithm would leave what it worked on.
void spoil_workspace(const Product& product);
void mark_results(const Product& product);

}  // namespace gpusim::lt
