// The safetensors format: strict reading of a mapped file, atomic writing.
//
// A file is trusted in nothing: every size is checked before it is used, the header is read event by event
// (no document tree), and refusing a file takes memory in proportion to its header only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/tensor.h"

namespace mosaic {

// One tensor as the header describes it.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // as written: "F32", "BF16", ...
  Shape shape;
  uint64_t begin = 0, end = 0;  // bytes, counted from the end of the header
};

class SafetensorsFile {
 public:
  // Opens, maps and checks the header. ResourceError when the path is missing, unreadable or not a regular
  // file; FormatError, naming the path and the reason, for anything that is not exactly a safetensors file.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::string& path() const { return path_; }
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }  // by name
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const SafetensorsEntry* find(std::string_view name) const;  // null when absent

  // The tensor: a read-only view of the mapping, or a copy when it is not aligned there. FormatError when the
  // name is absent, the dtype is not one of F32, F64, BF16, F16, I32, U8 (and BOOL, read as u8), or the file
  // has shrunk.
  Tensor tensor(std::string_view name) const;
  // All of them.
  std::map<std::string, Tensor> tensors() const;

 private:
  class Mapping;
  Tensor read(const SafetensorsEntry& entry) const;
  std::string path_;
  std::shared_ptr<const Mapping> mapping_;
  uint64_t data_begin_ = 0;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::string> metadata_;
};

// Writes atomically: largest alignment first, then by name, header padded to 8 bytes; equal contents give
// equal files. Tensors of any layout (on the CPU). ArgumentError for names that are not UTF-8 or
// "__metadata__".
void save_safetensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace mosaic
