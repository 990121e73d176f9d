// XXH3-64 of bytes that arrive piece by piece; the same digits as hash_bytes() of the whole.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mosaic::data {

class StreamHash {
 public:
  StreamHash();
  ~StreamHash();
  StreamHash(StreamHash&&) noexcept;
  StreamHash& operator=(StreamHash&&) noexcept;

  void reset();
  void add(std::string_view bytes);
  uint64_t value() const;      // of everything since the last reset
  std::string digits() const;  // the value as 16 hexadecimal digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mosaic::data
