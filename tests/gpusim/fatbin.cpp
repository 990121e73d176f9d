#include "tests/gpusim/fatbin.h"

#include <cstdint>
#include <cstring>

#include "tests/gpusim/fault.h"

namespace gpusim {
namespace {

// What a host object holds of a fat binary.
struct Wrapper {
  uint32_t magic, version;
  const std::byte* data;
  const void* file_name_or_prelinked;
};
constexpr uint32_t wrapper_magic = 0x466243b1;

// Then one header, and entries one after another: each its own header and its payload.
struct Header {
  uint32_t magic;
  uint16_t version, header_bytes;
  uint64_t entries_bytes;
};
constexpr uint32_t header_magic = 0xba55ed50;

// The beginning of an entry's header, which is header_bytes long.
struct Entry {
  uint16_t kind, unknown;
  uint32_t header_bytes;
  uint64_t payload_bytes;
};
constexpr uint16_t kind_ptx = 1;
constexpr size_t flags_offset = 40;
constexpr uint64_t compressed_lz4 = 0x2000, compressed_zstd = 0x8000;

template <class T>
T read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

[[noreturn]] void refuse(const std::string& what) {
  throw Unsupported("[gpusim] fat binary: " + what);
}

std::string text_of(const std::byte* entry, const Entry& head) {
  const bool has_flags = head.header_bytes >= flags_offset + sizeof(uint64_t);
  const uint64_t flags = has_flags ? read<uint64_t>(entry + flags_offset) : 0;
  if (flags & (compressed_lz4 | compressed_zstd)) {
    refuse("its PTX is compressed; compile with nvcc's option -no-compress");
  }
  const char* text = reinterpret_cast<const char*>(entry) + head.header_bytes;
  return {text, strnlen(text, head.payload_bytes)};  // padded with zeros
}

}  // namespace

std::vector<std::string> ptx_of_fat_binary(const void* wrapper) {
  const auto w = read<Wrapper>(static_cast<const std::byte*>(wrapper));
  if (w.magic != wrapper_magic) refuse("its wrapper does not begin with 0x466243b1");
  const auto header = read<Header>(w.data);
  if (header.magic != header_magic) refuse("its data does not begin with 0xba55ed50");
  std::vector<std::string> texts;
  const std::byte* at = w.data + header.header_bytes;
  const std::byte* const end = at + header.entries_bytes;
  while (at < end) {
    const auto left = static_cast<uint64_t>(end - at);
    if (left < sizeof(Entry)) refuse("an entry is cut off");
    const auto entry = read<Entry>(at);
    if (entry.header_bytes < sizeof(Entry) || entry.header_bytes > left ||
        entry.payload_bytes > left - entry.header_bytes) {
      refuse("an entry is longer than what holds it");
    }
    if (entry.kind == kind_ptx) texts.push_back(text_of(at, entry));
    at += entry.header_bytes + entry.payload_bytes;
  }
  if (texts.empty()) refuse("no PTX in it; compile for a virtual architecture such as compute_80");
  return texts;
}

}  // namespace gpusim
