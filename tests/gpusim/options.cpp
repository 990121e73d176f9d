#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "tests/gpusim/simulator.h"

namespace gpusim {
namespace {

[[noreturn]] void refuse(const char* name, std::string_view value, const char* expected) {
  throw std::invalid_argument("[gpusim] " + std::string(name) + " is \"" + std::string(value) +
                              "\", expected " + expected);
}

uint64_t number(const char* name, uint64_t otherwise, uint64_t most) {
  const char* value = std::getenv(name);
  if (!value) return otherwise;
  const std::string_view text = value;
  uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc{} || end != text.data() + text.size() || parsed > most) {
    refuse(name, text, "a whole number from 0");
  }
  return parsed;
}

void read(const char* name, bool& flag) {
  const char* value = std::getenv(name);
  if (!value) return;
  const std::string_view text = value;
  if (text != "0" && text != "1") refuse(name, text, "0 or 1");
  flag = text == "1";
}

void read(const char* name, Order& order) {
  const char* value = std::getenv(name);
  if (!value) return;
  const std::string_view text = value;
  if (text == "forward") {
    order = Order::forward;
  } else if (text == "reverse") {
    order = Order::reverse;
  } else if (text == "shuffled") {
    order = Order::shuffled;
  } else {
    refuse(name, text, "forward, reverse or shuffled");
  }
}

}  // namespace

Options options_from_environment() {
  Options o;
  read("GPUSIM_CHECKS", o.checks);
  read("GPUSIM_ORDER", o.order);
  o.seed = number("GPUSIM_SEED", o.seed, UINT64_MAX);
  o.workers = static_cast<int>(number("GPUSIM_WORKERS", 0, 1024));
  read("GPUSIM_DEFERRED", o.deferred);
  return o;
}

Options& options() {
  static Options chosen = options_from_environment();
  return chosen;
}

}  // namespace gpusim
