#include "engine/cuda/code.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace mosaic::cuda {
namespace {

// CMake's CUDA_ARCHITECTURES: "75-real" is machine code, "80-virtual" PTX, "120" both. Words ("native",
// "all") stand for machine code of whatever was there.
struct Built {
  std::vector<int> machine, ptx;
  bool named = false;  // a word was among them
};

Built built() {
  Built result;
  for (std::string_view rest = MOSAIC_CUDA_CODE; !rest.empty();) {
    const std::string_view entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    int number = 0;
    const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), number);
    if (error != std::errc{}) {
      result.named = true;
      continue;
    }
    const std::string_view kind(end, static_cast<size_t>(entry.data() + entry.size() - end));
    if (!kind.ends_with("-virtual")) result.machine.push_back(number);
    if (!kind.ends_with("-real")) result.ptx.push_back(number);
  }
  return result;
}

std::string list(const std::vector<int>& architectures) {
  std::string text;
  for (const int a : architectures) text += cat(text.empty() ? "" : ", ", a / 10, '.', a % 10);
  return text;
}

}  // namespace

std::string built_code() {
  const Built b = built();
  std::string text = b.machine.empty() ? "" : "machine code for " + list(b.machine);
  if (b.named)
    text += cat(text.empty() ? "" : ", ", "what MOSAIC_CUDA_ARCHITECTURES=", MOSAIC_CUDA_CODE, " means");
  if (!b.ptx.empty()) text += cat(text.empty() ? "" : " and ", "PTX for ", list(b.ptx));
  return text;
}

bool holds_machine_code(int architecture) {
  const Built b = built();
  if (b.named) return true;
  for (const int a : b.machine)
    if (a == architecture) return true;
  return false;
}

std::string version_of(int cuda_version) {
  return cat(cuda_version / 1000, '.', cuda_version % 1000 / 10);
}

}  // namespace mosaic::cuda
