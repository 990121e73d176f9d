#include "tests/gpusim/driver.h"

#include <cuda_runtime_api.h>

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gpusim {
namespace {

int number(const char* name, int otherwise, int most) {
  const char* const value = std::getenv(name);
  if (!value) return otherwise;
  const std::string_view text = value;
  int parsed = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (whole && parsed >= 0 && parsed <= most) return parsed;
  throw std::invalid_argument("[gpusim] " + std::string(name) + " is \"" + value +
                              "\", expected a whole number from 0 to " + std::to_string(most));
}

}  // namespace

const Driver& driver() {
  static const Driver found{.version = number("GPUSIM_DRIVER", CUDART_VERSION, 1000000),
                            .devices = number("GPUSIM_DEVICES", 1, 1),
                            .architecture = number("GPUSIM_ARCHITECTURE", 90, 999)};
  return found;
}

}  // namespace gpusim
