#include "engine/cpu/scratch.h"

#include <cstdlib>
#include <memory>

#include "engine/core/error.h"

namespace mosaic::kernels {
namespace {

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

struct Buffer {
  std::unique_ptr<void, Free> memory;
  int64_t bytes = 0;
};

}  // namespace

void* scratch(Scratch purpose, int64_t bytes) {
  thread_local Buffer buffers[4];
  Buffer& buffer = buffers[static_cast<int>(purpose)];
  if (bytes > buffer.bytes) {
    constexpr int64_t page = 4096;
    const int64_t wanted = (bytes + page - 1) / page * page;
    buffer.bytes = 0;
    buffer.memory.reset();
    buffer.memory.reset(std::aligned_alloc(page, static_cast<size_t>(wanted)));
    check<ResourceError>(buffer.memory != nullptr, "scratch", "no memory for ", wanted, " bytes");
    buffer.bytes = wanted;
  }
  return buffer.memory.get();
}

}  // namespace mosaic::kernels
