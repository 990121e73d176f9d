#include "engine/ops/segments.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "engine/core/error.h"

namespace mosaic {

Segments::Segments(std::vector<int64_t> lengths, Device device) {
  auto parts = std::make_shared<Parts>();
  std::vector<int32_t> begins{0};
  for (const int64_t length : lengths) {
    check(length >= 0, "Segments", "a sequence of length ", length);
    parts->elements += length;
    check(parts->elements <= std::numeric_limits<int32_t>::max(), "Segments",
          "more elements than an i32 counts");
    parts->longest = std::max(parts->longest, length);
    begins.push_back(static_cast<int32_t>(parts->elements));
  }
  parts->begins =
      Tensor::from(std::span<const int32_t>(begins), {static_cast<int64_t>(begins.size())}, device);
  parts->lengths = std::move(lengths);
  parts_ = std::move(parts);
}

}  // namespace mosaic
