// The header of a safetensors file: what it says, read strictly. Internal to engine/io.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/safetensors.h"

namespace mosaic {

inline constexpr uint64_t max_safetensors_header = 100'000'000;  // bytes, the format's own limit

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // by name
  std::map<std::string, std::string> metadata;
};

// Bits of an element, 0 for an unknown dtype.
int safetensors_bits(std::string_view dtype);

// text: the JSON of the header; data_bytes: what follows it in the file. Checks names, dtypes, shapes, sizes
// and that the entries cover the data exactly. FormatError(path, ...).
SafetensorsHeader parse_safetensors_header(std::string_view text, uint64_t data_bytes,
                                           const std::string& path);

}  // namespace mosaic
