#include "data/text/stream_hash.h"

#include <xxhash.h>

#include <new>

namespace mosaic::data {

struct StreamHash::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

StreamHash::StreamHash() : state_(std::make_unique<State>()) {
  if (!state_->xxh) throw std::bad_alloc();
  reset();
}
StreamHash::~StreamHash() = default;
StreamHash::StreamHash(StreamHash&&) noexcept = default;
StreamHash& StreamHash::operator=(StreamHash&&) noexcept = default;

void StreamHash::reset() {
  XXH3_64bits_reset(state_->xxh);
}
void StreamHash::add(std::string_view bytes) {
  XXH3_64bits_update(state_->xxh, bytes.data(), bytes.size());
}
uint64_t StreamHash::value() const {
  return XXH3_64bits_digest(state_->xxh);
}
std::string StreamHash::digits() const {
  std::string out(16, '0');
  uint64_t rest = value();
  for (size_t i = 16; i-- > 0; rest >>= 4) out[i] = "0123456789abcdef"[rest & 15];
  return out;
}

}  // namespace mosaic::data
