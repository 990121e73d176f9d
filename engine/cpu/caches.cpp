#include "engine/cpu/caches.h"

#include <unistd.h>

#include <algorithm>

namespace mosaic::kernels {
namespace {

int64_t stated() {
#ifdef _SC_LEVEL2_CACHE_SIZE
  return sysconf(_SC_LEVEL2_CACHE_SIZE);
#else
  return 0;
#endif
}

}  // namespace

int64_t second_level_bytes() {
  static const int64_t bytes = [] {
    const int64_t size = stated();
    // Virtual machines state sizes that no core has.
    return size <= 0 ? int64_t{1} << 20 : std::clamp(size, int64_t{256} << 10, int64_t{2} << 20);
  }();
  return bytes;
}

}  // namespace mosaic::kernels
