#include "engine/io/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>
#include <system_error>

#include "engine/core/file.h"
#include "engine/io/safetensors_header.h"

namespace mosaic {

static_assert(std::endian::native == std::endian::little,
              "safetensors is little-endian and is mapped as it is");

namespace {

DType dtype_named(const SafetensorsEntry& entry, const std::string& path) {
  if (entry.dtype == "F32") return f32;
  if (entry.dtype == "F64") return f64;
  if (entry.dtype == "I32") return i32;
  if (entry.dtype == "U8" || entry.dtype == "BOOL") return u8;
  if (entry.dtype == "BF16") return bf16;
  if (entry.dtype == "F16") return f16;
  throw FormatError(path, cat("\"", entry.name, "\" is ", entry.dtype,
                              "; F32, F64, BF16, F16, I32, U8 and BOOL can be read"));
}

const char* dtype_text(DType dtype) {
  constexpr const char* names[] = {"F32", "F64", "I32", "U8", "BF16", "F16"};
  return names[static_cast<uint8_t>(dtype)];
}

// The first bytes of files that people give by mistake.
void refuse_other_formats(const unsigned char* bytes, size_t n, const std::string& path) {
  if (n > 8 && bytes[8] == '{') return;  // a header of 640 bytes begins as a pickle does
  const bool zip = n >= 4 && std::memcmp(bytes, "PK\x03\x04", 4) == 0;
  const bool pickle = n >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
  if (zip || pickle) {
    throw FormatError(path, cat("looks like a PyTorch ", zip ? "archive" : "pickle",
                                ", which can run code and is never loaded; save it again as safetensors"));
  }
}

}  // namespace

// A read-only mapping of a whole file. The descriptor stays open, so that replacing the path changes nothing
// and a file that shrinks is noticed before its missing pages are touched.
class SafetensorsFile::Mapping {
 public:
  explicit Mapping(const std::string& path) : path_(path) {
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // O_NONBLOCK: a FIFO must not wait
    if (fd_ < 0) throw ResourceError(path, cat("cannot be opened: ", std::generic_category().message(errno)));
    try {
      map();
    } catch (...) {
      ::close(fd_);
      throw;
    }
  }
  ~Mapping() {
    if (bytes_) ::munmap(bytes_, size_);
    ::close(fd_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const unsigned char* data() const { return static_cast<const unsigned char*>(bytes_); }
  uint64_t size() const { return size_; }
  void check_unchanged() const {
    struct stat now {};
    if (::fstat(fd_, &now) != 0 || static_cast<uint64_t>(now.st_size) < size_) {
      throw FormatError(path_,
                        cat("shrank from ", size_, " bytes to ", now.st_size, " while it was being read"));
    }
  }

 private:
  void map() {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) throw ResourceError(path_, "cannot be examined");
    if (!S_ISREG(status.st_mode)) {
      const char* kind = S_ISDIR(status.st_mode)    ? "a directory"
                         : S_ISFIFO(status.st_mode) ? "a pipe"
                                                    : "a device";
      throw ResourceError(path_, cat("is ", kind, ", expected a regular file"));
    }
    size_ = static_cast<uint64_t>(status.st_size);
    if (size_ < 8) throw FormatError(path_, cat("has ", size_, " bytes; a safetensors file has at least 8"));
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0);
    if (mapped == MAP_FAILED) {
      throw ResourceError(path_,
                          cat(size_, " bytes cannot be mapped: ", std::generic_category().message(errno)));
    }
    bytes_ = mapped;
  }

  std::string path_;
  int fd_ = -1;
  void* bytes_ = nullptr;
  uint64_t size_ = 0;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path.string()), mapping_(std::make_shared<Mapping>(path_)) {
  const unsigned char* bytes = mapping_->data();
  refuse_other_formats(bytes, mapping_->size(), path_);
  uint64_t header = 0;
  std::memcpy(&header, bytes, 8);
  if (header > max_safetensors_header) {
    throw FormatError(path_, cat("says its header has ", header, " bytes; at most ", max_safetensors_header,
                                 " are allowed (is it a safetensors file?)"));
  }
  if (header > mapping_->size() - 8) {
    throw FormatError(path_, cat("is cut short: the header has ", header, " bytes, the file only ",
                                 mapping_->size() - 8, " after its length"));
  }
  mapping_->check_unchanged();
  data_begin_ = 8 + header;
  const std::string_view text(reinterpret_cast<const char*>(bytes + 8), header);
  SafetensorsHeader parsed = parse_safetensors_header(text, mapping_->size() - data_begin_, path_);
  entries_ = std::move(parsed.entries);
  metadata_ = std::move(parsed.metadata);
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), name,
                       [](const SafetensorsEntry& entry, std::string_view key) { return entry.name < key; });
  return found != entries_.end() && found->name == name ? &*found : nullptr;
}

Tensor SafetensorsFile::read(const SafetensorsEntry& entry) const {
  const DType dtype = dtype_named(entry, path_);
  mapping_->check_unchanged();
  const uint64_t bytes = entry.end - entry.begin;
  const unsigned char* from = mapping_->data() + data_begin_ + entry.begin;
  const bool aligned = reinterpret_cast<uintptr_t>(from) % static_cast<uintptr_t>(size_of(dtype)) == 0;
  if (aligned && bytes > 0) {
    return Tensor::view_of(Storage::borrow(from, bytes, mapping_), entry.shape, dtype);
  }
  const Tensor copy = Tensor::empty(entry.shape, dtype);
  if (bytes > 0) std::memcpy(copy.raw(), from, bytes);
  return copy;
}

Tensor SafetensorsFile::tensor(std::string_view name) const {
  const SafetensorsEntry* entry = find(name);
  if (!entry) throw FormatError(path_, cat("has no tensor \"", name, "\" (", entries_.size(), " others)"));
  return read(*entry);
}

std::map<std::string, Tensor> SafetensorsFile::tensors() const {
  std::map<std::string, Tensor> all;
  for (const SafetensorsEntry& entry : entries_) all.emplace_hint(all.end(), entry.name, read(entry));
  return all;
}

void save_safetensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const auto& item : tensors) {
    check<ArgumentError>(item.second.defined(), "save_safetensors", "\"", item.first, "\" has no value");
    check<ArgumentError>(item.first != "__metadata__", "save_safetensors",
                         "a tensor cannot be named __metadata__");
    order.push_back(&item);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return size_of(a->second.dtype()) > size_of(b->second.dtype());
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  auto& members = static_cast<nlohmann::ordered_json::object_t::Container&>(
      header.get_ref<nlohmann::ordered_json::object_t&>());  // appended without a search for duplicates
  if (!metadata.empty()) members.emplace_back("__metadata__", metadata);
  uint64_t at = 0;
  for (const auto* item : order) {
    const Tensor& tensor = item->second;
    const uint64_t bytes = static_cast<uint64_t>(tensor.numel() * size_of(tensor.dtype()));
    members.emplace_back(
        item->first,
        nlohmann::ordered_json{{"dtype", dtype_text(tensor.dtype())},
                               {"shape", std::vector<int64_t>(tensor.shape().begin(), tensor.shape().end())},
                               {"data_offsets", {at, at + bytes}}});
    at += bytes;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw ArgumentError("save_safetensors", cat(path.string(), ": a name or a metadata text is not UTF-8"));
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  check<ArgumentError>(text.size() <= max_safetensors_header, "save_safetensors", path.string(),
                       ": the header has ", text.size(), " bytes, at most ", max_safetensors_header,
                       " are allowed");
  write_file_atomic(path, [&](std::ostream& out) {
    const uint64_t size = text.size();
    out.write(reinterpret_cast<const char*>(&size), 8);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    for (const auto* item : order) {
      const Tensor dense = item->second.detach().to(cpu()).dense();
      out.write(static_cast<const char*>(dense.raw()),
                static_cast<std::streamsize>(dense.numel() * size_of(dense.dtype())));
    }
  });
}

}  // namespace mosaic
