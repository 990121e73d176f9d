#include "engine/core/storage.h"

namespace mosaic {

std::shared_ptr<Storage> Storage::make(size_t bytes, Device device) {
  std::shared_ptr<Storage> storage(new Storage);
  storage->block_ = allocator(device).allocate(bytes);
  storage->bytes_ = bytes;
  storage->device_ = device;
  return storage;
}

std::shared_ptr<Storage> Storage::borrow(const void* data, size_t bytes, std::shared_ptr<const void> owner) {
  std::shared_ptr<Storage> storage(new Storage);
  storage->block_.data = const_cast<void*>(data);  // read_only() guards every write
  storage->bytes_ = bytes;
  storage->owner_ = std::move(owner);
  return storage;
}

Storage::~Storage() {
  if (!owner_ && block_.data) allocator(device_).release(block_);
}

}  // namespace mosaic
