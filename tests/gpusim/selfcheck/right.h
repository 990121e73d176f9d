// Right kernels of the kinds that engines have: they must run without a report, in every order of blocks and
// warps, to the same bits.
#pragma once

#include <string>
#include <vector>

namespace gpusim::selfcheck {

struct Right {
  const char* name;
  std::vector<float> (*run)();
  std::vector<float> (*expected)();  // within the tolerance, of numbers around one
  double tolerance;
};
std::vector<Right> right_row_kernels();
std::vector<Right> right_block_kernels();

// Numbers in [-2, 2), other ones for every salt.
inline std::vector<float> waves(size_t n, unsigned salt) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) {
    const auto mixed = static_cast<unsigned>(i * 2654435761u + salt * 40503u + 17);
    values[i] = static_cast<float>((mixed >> 9) % 4096) / 1024 - 2;
  }
  return values;
}

}  // namespace gpusim::selfcheck
