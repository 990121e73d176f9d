// ldmatrix and mma.sync: products of small matrices that a warp holds in its registers. Which lane holds what
// is PTX's "matrix fragments": lane = 4 group + member.
#include <array>

#include "tests/gpusim/access.h"
#include "tests/gpusim/address.h"
#include "tests/gpusim/half.h"

namespace gpusim {
namespace {

constexpr int rows = 8;

// d[k] of lane l: elements 2 (l % 4) and 2 (l % 4) + 1 of row l / 4 of matrix k, whose row r begins at the
// address of lane 8 k + r; transposed: of column l / 4.
template <int count, bool transposed>
void load_matrices(Warp& warp, const Instruction& i, LaneMask lanes) {
  if (lanes != all_lanes) fault(warp, i, -1, "ldmatrix by a part of the warp");
  constexpr LaneMask given = count == 4 ? all_lanes : (LaneMask{1} << (rows * count)) - 1;
  std::array<std::array<uint16_t, rows>, lanes_per_warp> matrix{};
  WarpAccess access(warp, i, given, Space::shared, rows * sizeof(uint16_t), Use::read);
  access.set_addresses(i.s[0], i.wide_address, i.offset);
  access.prepare();
  access.read([&](int lane, const std::byte* at) {
    std::memcpy(matrix[static_cast<size_t>(lane)].data(), at, rows * sizeof(uint16_t));
  });
  for (size_t k = 0; k < count; ++k) {
    for (size_t lane = 0; lane < lanes_per_warp; ++lane) {
      const size_t row = lane / 4, column = 2 * (lane % 4), first = rows * k;
      const uint32_t low = transposed ? matrix[first + column][row] : matrix[first + row][column];
      const uint32_t high = transposed ? matrix[first + column + 1][row] : matrix[first + row][column + 1];
      warp.registers[static_cast<size_t>(i.d[k]) + lane] = low | high << 16;
    }
  }
}

template <int count>
Handler loading(bool transposed) {
  return transposed ? &load_matrices<count, true> : &load_matrices<count, false>;
}

uint16_t half_of(uint32_t pair, int which) {
  return static_cast<uint16_t>(which == 0 ? pair : pair >> 16);
}

// d {16, 8} = a {16, depth} b {depth, 8} + c {16, 8}: inputs of 16 bits, sums in float. The order of
// summation is the hardware's secret; here it is rising.
template <class H, int depth, bool half_sums>
void multiply(Warp& warp, const Instruction& i, LaneMask lanes) {
  if (lanes != all_lanes) fault(warp, i, -1, "mma by a part of the warp");
  constexpr size_t a_registers = depth / 4, b_registers = depth / 8, c_registers = half_sums ? 2 : 4;
  float a[16][depth], b[depth][8], sums[16][8];
  const auto place = [&](size_t s, size_t lane) {
    return warp.registers[static_cast<size_t>(i.s[s]) + lane];
  };
  for (size_t lane = 0; lane < lanes_per_warp; ++lane) {
    const size_t group = lane / 4, member = lane % 4;
    for (size_t k = 0; k < a_registers; ++k)
      for (int e = 0; e < 2; ++e)
        a[group + 8 * (k % 2)][8 * (k / 2) + 2 * member + static_cast<size_t>(e)] =
            H::from_bits(half_of(place(k, lane), e));
    for (size_t k = 0; k < b_registers; ++k)
      for (int e = 0; e < 2; ++e)
        b[8 * k + 2 * member + static_cast<size_t>(e)][group] =
            H::from_bits(half_of(place(a_registers + k, lane), e));
    for (size_t k = 0; k < 4; ++k) {
      const size_t at = a_registers + b_registers;
      sums[group + 8 * (k / 2)][2 * member + k % 2] =
          half_sums ? H::from_bits(half_of(place(at + k / 2, lane), static_cast<int>(k % 2)))
                    : std::bit_cast<float>(place(at + k, lane));
    }
  }
  for (size_t r = 0; r < 16; ++r)
    for (size_t c = 0; c < 8; ++c)
      for (size_t k = 0; k < depth; ++k) sums[r][c] += a[r][k] * b[k][c];
  for (size_t lane = 0; lane < lanes_per_warp; ++lane) {
    const size_t group = lane / 4, member = lane % 4;
    for (size_t k = 0; k < c_registers; ++k) {
      uint32_t& to = warp.registers[static_cast<size_t>(i.d[k]) + lane];
      if constexpr (half_sums) {
        const float* const pair = &sums[group + 8 * k][2 * member];
        to = H::to_bits(pair[0]) | static_cast<uint32_t>(H::to_bits(pair[1])) << 16;
      } else {
        to = std::bit_cast<uint32_t>(sums[group + 8 * (k / 2)][2 * member + k % 2]);
      }
    }
  }
}

std::optional<Irregular> product(Opcode& opcode) {
  opcode.take("sync"), opcode.take("aligned");
  const bool deep = opcode.take("m16n8k16");
  if (!deep && !opcode.take("m16n8k8")) return std::nullopt;
  if (!opcode.take("row") || !opcode.take("col")) return std::nullopt;
  const bool brain = opcode.take("bf16");
  if (brain ? !opcode.take("bf16") : !opcode.take("f16")) return std::nullopt;
  bool half_sums = false;
  if (!brain) {
    if (!opcode.take("f16")) return std::nullopt;
    half_sums = opcode.take("f16") && opcode.take("f16");
  }
  if (!half_sums && (!opcode.take("f32") || !opcode.take("f32"))) return std::nullopt;
  const size_t inputs = deep ? 6 : 3, sums = half_sums ? 2 : 4;
  Irregular form;
  form.control = Control::collective;
  form.destinations = static_cast<int>(sums);
  form.bits.assign(2 * sums + inputs, 32);
  if (brain) {
    form.handler = deep ? &multiply<BFloat, 16, false> : &multiply<BFloat, 8, false>;
  } else if (half_sums) {
    form.handler = deep ? &multiply<Half, 16, true> : &multiply<Half, 8, true>;
  } else {
    form.handler = deep ? &multiply<Half, 16, false> : &multiply<Half, 8, false>;
  }
  return form;
}

}  // namespace

std::optional<Irregular> matrix_form(Opcode& opcode) {
  if (opcode.is("mma")) return product(opcode);
  if (!opcode.is("ldmatrix")) return std::nullopt;
  for (const char* word : {"sync", "aligned", "m8n8", "shared", "shared::cta", "b16"}) opcode.take(word);
  const bool transposed = opcode.take("trans");
  Irregular form;
  form.control = Control::collective;
  form.destinations = opcode.take("x4") ? 4 : opcode.take("x2") ? 2 : opcode.take("x1") ? 1 : 0;
  form.handler = form.destinations == 4   ? loading<4>(transposed)
                 : form.destinations == 2 ? loading<2>(transposed)
                                          : loading<1>(transposed);
  form.bits.assign(static_cast<size_t>(form.destinations), 32);
  form.bits.push_back(0);
  return form;
}

}  // namespace gpusim
