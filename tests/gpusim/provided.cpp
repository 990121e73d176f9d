// The functions that CUDA's library has for kernels and PTX only declares: vprintf and __assertfail.
#include <cctype>
#include <cstdio>

#include "tests/gpusim/address.h"
#include "tests/gpusim/control.h"

namespace gpusim {
namespace {

template <class T>
T argument_of(const Warp& warp, const Call& call, int lane, size_t k) {
  T value;
  std::memcpy(&value,
              warp.call_memory + static_cast<size_t>(lane) * warp.function->call_bytes +
                  static_cast<size_t>(call.arguments[k]),
              sizeof value);
  return value;
}

// The values of printf lie one after another where the second argument points, each at a multiple of its
// size.
class Values {
 public:
  Values(Warp& warp, const Instruction& at, int lane, uint64_t address)
      : warp_(warp), at_(at), lane_(lane), address_(address) {}
  template <class T>
  T next() {
    address_ = (address_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    const std::byte* from = nullptr;
    if (address_ - local_window < warp_.local_stride) {
      from = warp_.local_memory + static_cast<size_t>(lane_) * warp_.local_stride + (address_ - local_window);
    } else {
      const Allocation* a = Memory::device().find(reinterpret_cast<const void*>(address_));
      if (!a) fault(warp_, at_, lane_, "printf's values lie outside of memory");
      from = reinterpret_cast<const std::byte*>(address_);
    }
    T value;
    std::memcpy(&value, from, sizeof value);
    address_ += sizeof(T);
    return value;
  }
  std::string text(uint64_t address) { return device_string(warp_, at_, lane_, address); }

 private:
  Warp& warp_;
  const Instruction& at_;
  int lane_;
  uint64_t address_;
};

template <class T>
std::string formatted(const std::string& directive, T value) {
  char text[512];
  // The directive is the kernel's own, checked to be one of a value of this kind.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  std::snprintf(text, sizeof text, directive.c_str(), value);
#pragma GCC diagnostic pop
  return text;
}

// One directive, as "%5.2f".
std::string converted(const std::string& directive, Values& values) {
  const char kind = directive.back();
  switch (kind) {
    case '%':
      return "%";
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': {
      const bool wide = directive.find('l') != std::string::npos;
      return wide ? formatted(directive, values.next<long long>()) : formatted(directive, values.next<int>());
    }
    case 'c':
      return formatted(directive, values.next<int>());
    case 'p':
      return formatted(directive, values.next<void*>());
    case 's':
      return formatted(directive, values.text(values.next<uint64_t>()).c_str());
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      return formatted(directive, values.next<double>());
    default:
      return directive;
  }
}

std::string printed(const std::string& format, Values values) {
  std::string text;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      text += format[at];
      continue;
    }
    size_t end = at + 1;
    while (end < format.size() && format[end] != '%' &&
           (std::isalpha(static_cast<unsigned char>(format[end])) == 0 || format[end] == 'l' ||
            format[end] == 'h'))
      ++end;
    text += converted(format.substr(at, end - at + 1), values);
    at = end;
  }
  return text;
}

void print(Warp& warp, const Instruction& i, LaneMask lanes, const Call& call) {
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    const std::string format = device_string(warp, i, lane, argument_of<uint64_t>(warp, call, lane, 0));
    warp.block->printed += printed(format, {warp, i, lane, argument_of<uint64_t>(warp, call, lane, 1)});
    if (call.result >= 0) {
      const int32_t done = 0;
      std::memcpy(warp.call_memory + static_cast<size_t>(lane) * warp.function->call_bytes +
                      static_cast<size_t>(call.result),
                  &done, sizeof done);
    }
  }
}

}  // namespace

bool is_provided(const std::string& function) {
  return function == "vprintf" || function == "__assertfail";
}

void call_provided(Warp& warp, const Instruction& i, LaneMask lanes) {
  const Call& call = *static_cast<const Call*>(i.extra);
  if (call.name == "vprintf") return print(warp, i, lanes, call);
  const int lane = std::countr_zero(lanes);
  const auto text = [&](size_t k) {
    return device_string(warp, i, lane, argument_of<uint64_t>(warp, call, lane, k));
  };
  fault(warp, i, lane,
        "assertion failed: " + text(0) + " (" + text(1) + ":" +
            std::to_string(argument_of<uint32_t>(warp, call, lane, 2)) + ")");
}

}  // namespace gpusim
