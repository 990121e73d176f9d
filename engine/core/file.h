// Files that are read whole or written whole: a write is seen complete or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace mosaic {

// The whole file. Throws ResourceError (missing, unreadable, a directory, a FIFO or device) or FormatError
// (larger than max_bytes), naming the path.
std::string read_file(const std::filesystem::path& path, uint64_t max_bytes = uint64_t{1} << 32);

// Writes next to the target, fsyncs, renames over it and fsyncs the directory; on any failure the old file is
// intact and ResourceError says how many bytes were wanted. Creates missing parent directories.
void write_file_atomic(const std::filesystem::path& path, std::string_view bytes);
// The same for content produced piecewise.
void write_file_atomic(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);

// A descriptor of a regular file opened for reading, for readers that stream or map; the caller closes it.
// Never waits (a FIFO is refused, not opened). Throws as read_file. `size` receives the bytes there are now.
int open_regular_file(const std::filesystem::path& path, uint64_t* size = nullptr);

// XXH3-64 of the bytes, 16 hexadecimal digits.
std::string hash_bytes(std::string_view bytes);
std::string hash_file(const std::filesystem::path& path);

}  // namespace mosaic
