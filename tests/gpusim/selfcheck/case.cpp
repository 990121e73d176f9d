#include "tests/gpusim/selfcheck/case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <sstream>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/reference.h"

namespace gpusim::selfcheck {

bool& result_is_unspecified() {
  static bool flag = false;
  return flag;
}

namespace {

// Registration happens before main().
std::vector<Case>& registry() {
  static std::vector<Case> list;
  return list;
}

double number(Kind kind, const std::byte* bytes) {
  if (kind == Kind::f64) {
    double value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  if (kind == Kind::f32) {
    float value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return kind == Kind::f16 ? value(f16{bits}) : value(bf16{bits});
}

// An exact value that the kind cannot hold is expected as infinity.
bool close(const Instruction& instruction, const std::byte* got, double want) {
  const double have = number(instruction.result, got);
  if (instruction.result == Kind::f32 && std::isinf(static_cast<float>(want)))
    want = static_cast<float>(want);
  if (instruction.result == Kind::f16 && std::isinf(value(to_f16(want)))) want = value(to_f16(want));
  if (std::isnan(want) || std::isnan(have)) return std::isnan(want) && std::isnan(have);
  if (std::isinf(want) || std::isinf(have)) return want == have;
  const Tolerance& tolerance = instruction.tolerance;
  return std::fabs(have - want) <= std::max(tolerance.absolute, tolerance.relative * std::fabs(want));
}

}  // namespace

const std::vector<Case>& cases() {
  return registry();
}

bool add_case(const char* family, const char* name, std::string (*run)()) {
  registry().push_back({family, name, run});
  return true;
}

std::string differences(const Instruction& instruction) {
  const size_t n = operand_count(instruction.operands), arity = instruction.operands.size();
  std::vector<std::vector<std::byte>> host(arity);
  std::vector<Buffer<std::byte>> device;
  std::vector<const void*> host_data(arity), device_data(arity);
  for (size_t k = 0; k < arity; ++k) {
    host[k] = operand_values(instruction.operands[k], k, n + arity);
    device.emplace_back(host[k]);
    host_data[k] = host[k].data();
    device_data[k] = device[k].data();
  }
  const size_t bytes = bytes_of(instruction.result);
  const bool exact = instruction.tolerance.exact();
  Buffer<std::byte> result(n * bytes);
  instruction.launch(device_data.data(), result.data(), static_cast<int>(n));
  const std::vector<std::byte> got = result.host();

  std::vector<std::byte> want(n * (exact ? bytes : sizeof(double)));
  const auto specified = std::make_unique<bool[]>(n);
  instruction.reference(host_data.data(), want.data(), specified.get(), static_cast<int>(n));
  size_t wrong = 0;
  std::ostringstream first;
  for (size_t i = 0; i < n; ++i) {
    const std::byte* have = &got[i * bytes];
    double exact_value = 0;
    if (!exact) std::memcpy(&exact_value, &want[i * sizeof(double)], sizeof exact_value);
    if (!specified[i] ||
        (exact ? same(instruction.result, have, &want[i * bytes]) : close(instruction, have, exact_value))) {
      continue;
    }
    if (wrong++ > 0) continue;
    first << " wrong; of";
    for (size_t k = 0; k < arity; ++k) {
      const Kind kind = instruction.operands[k];
      first << " " << describe(kind, &host[k][i * bytes_of(kind)]);
    }
    first << " comes " << describe(instruction.result, have) << ", not ";
    if (exact) {
      first << describe(instruction.result, &want[i * bytes]);
    } else {
      first << exact_value;
    }
  }
  return wrong == 0 ? "" : std::to_string(wrong) + " of " + std::to_string(n) + first.str();
}

}  // namespace gpusim::selfcheck
