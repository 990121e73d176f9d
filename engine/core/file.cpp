#include "engine/core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <ostream>
#include <streambuf>
#include <system_error>
#include <vector>

#include "engine/core/error.h"

namespace mosaic {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) {
  return std::generic_category().message(error);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

// Reads up to n bytes, fewer only at the end of the file.
size_t read_some(int fd, char* out, size_t n, const fs::path& path) {
  size_t done = 0;
  while (done < n) {
    const ssize_t got = ::read(fd, out + done, n - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw ResourceError(path.string(), cat("cannot be read: ", reason(errno)));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

// A stream buffer over a file descriptor that remembers the first error and the bytes wanted so far.
class Sink : public std::streambuf {
 public:
  explicit Sink(int fd) : fd_(fd), buffer_(1 << 16) { setp(buffer_.data(), buffer_.data() + buffer_.size()); }
  int error() const { return error_; }
  uint64_t wanted() const { return wanted_; }
  bool flush() {
    const size_t n = static_cast<size_t>(pptr() - pbase());
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return put(buffer_.data(), n);
  }

 protected:
  int_type overflow(int_type c) override {
    if (!flush()) return traits_type::eof();
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    *pptr() = traits_type::to_char_type(c);
    pbump(1);
    return c;
  }
  std::streamsize xsputn(const char* bytes, std::streamsize n) override {
    if (n < epptr() - pptr()) {
      std::memcpy(pptr(), bytes, static_cast<size_t>(n));
      pbump(static_cast<int>(n));
      return n;
    }
    return flush() && put(bytes, static_cast<size_t>(n)) ? n : 0;
  }
  int sync() override { return flush() ? 0 : -1; }

 private:
  bool put(const char* bytes, size_t n) {
    wanted_ += n;
    while (n > 0 && error_ == 0) {
      const ssize_t done = ::write(fd_, bytes, n);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) {
        error_ = errno;
        break;
      }
      bytes += done;
      n -= static_cast<size_t>(done);
    }
    return error_ == 0;
  }

  int fd_, error_ = 0;
  uint64_t wanted_ = 0;
  std::vector<char> buffer_;
};

// A file beside the target under a name of its own, removed unless kept.
class Temporary {
 public:
  Temporary(const fs::path& folder, const fs::path& target) {
    static std::atomic<uint64_t> counter{0};
    int fd = -1;
    for (int attempt = 0; attempt < 1000 && fd < 0; ++attempt) {
      path_ = folder / cat(".mosaic-", ::getpid(), "-", counter++, ".tmp");
      fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd < 0 && errno != EEXIST) break;
    }
    if (fd < 0) throw ResourceError(target.string(), cat("cannot be written: ", reason(errno)));
    file_ = std::make_unique<Descriptor>(fd);
  }
  ~Temporary() {
    if (!kept_) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  Descriptor& file() { return *file_; }
  // Renames over the target; the target is either the old or the new file at every instant.
  bool replace(const fs::path& target) {
    kept_ = ::rename(path_.c_str(), target.c_str()) == 0;
    return kept_;
  }

 private:
  fs::path path_;
  std::unique_ptr<Descriptor> file_;
  bool kept_ = false;
};

void sync_folder(const fs::path& folder, const fs::path& target) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a directory (EINVAL); their renames are as durable as they get.
  if (fd.get() >= 0 && ::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS) {
    throw ResourceError(target.string(),
                        cat("was replaced, but its directory did not reach the disk: ", reason(errno)));
  }
}

std::string hexadecimal(uint64_t value) {
  std::string digits(16, '0');
  for (size_t i = 16; i-- > 0; value >>= 4) digits[i] = "0123456789abcdef"[value & 15];
  return digits;
}

}  // namespace

int open_regular_file(const fs::path& path, uint64_t* size) {
  // O_NONBLOCK because opening a FIFO would otherwise wait for a writer; regular files ignore it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw ResourceError(path.string(), cat("cannot be opened: ", reason(errno)));
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(fd);
    const char* kind = !known                     ? "a file that cannot be examined"
                       : S_ISDIR(status.st_mode)  ? "a directory"
                       : S_ISFIFO(status.st_mode) ? "a pipe"
                       : S_ISSOCK(status.st_mode) ? "a socket"
                                                  : "a device";
    throw ResourceError(path.string(), cat("is ", kind, ", expected a regular file"));
  }
  if (size) *size = static_cast<uint64_t>(status.st_size);
  return fd;
}

std::string read_file(const fs::path& path, uint64_t max_bytes) {
  uint64_t size = 0;
  const Descriptor file(open_regular_file(path, &size));
  const auto bound = [&](uint64_t n) {
    if (n > max_bytes) {
      throw FormatError(path.string(), cat("is larger than the ", max_bytes, " bytes allowed (", n, ")"));
    }
  };
  bound(size);
  // The size is only a first guess: the file may change while it is read.
  std::string bytes;
  size_t used = 0;
  for (size_t want = static_cast<size_t>(size) + 1;; want = std::max<size_t>(bytes.size(), 4096)) {
    bytes.resize(used + want);
    const size_t got = read_some(file.get(), bytes.data() + used, want, path);
    used += got;
    bound(used);
    if (got < want) break;
  }
  bytes.resize(used);
  return bytes;
}

void write_file_atomic(const fs::path& path, const std::function<void(std::ostream&)>& write) {
  if (path.filename().empty()) throw ResourceError(path.string(), "is not the name of a file");
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed && !fs::is_directory(folder)) {
    throw ResourceError(path.string(),
                        cat("directory ", folder.string(), " cannot be made: ", failed.message()));
  }
  const fs::file_status old = fs::status(path, failed);
  if (fs::exists(old) && !fs::is_regular_file(old)) {
    throw ResourceError(path.string(), "exists and is not a regular file");
  }
  Temporary temporary(folder, path);
  Sink sink(temporary.file().get());
  std::ostream out(&sink);
  const auto fail = [&](int error) {
    throw ResourceError(path.string(),
                        cat("cannot be written (", sink.wanted(), " bytes wanted): ", reason(error)));
  };
  write(out);
  if (!sink.flush() || !out) fail(sink.error() ? sink.error() : EIO);
  if (::fsync(temporary.file().get()) != 0) fail(errno);
  if (temporary.file().close() != 0) fail(errno);
  if (!temporary.replace(path)) fail(errno);
  sync_folder(folder, path);
}

void write_file_atomic(const fs::path& path, std::string_view bytes) {
  write_file_atomic(path, [bytes](std::ostream& out) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
}

std::string hash_bytes(std::string_view bytes) {
  return hexadecimal(XXH3_64bits(bytes.data(), bytes.size()));
}

std::string hash_file(const fs::path& path) {
  const Descriptor file(open_regular_file(path));
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                              XXH3_freeState);
  check<ResourceError>(state != nullptr, "hash_file", "no memory for the hash of ", path.string());
  XXH3_64bits_reset(state.get());
  std::vector<char> buffer(1 << 20);
  while (const size_t got = read_some(file.get(), buffer.data(), buffer.size(), path)) {
    XXH3_64bits_update(state.get(), buffer.data(), got);
  }
  return hexadecimal(XXH3_64bits_digest(state.get()));
}

}  // namespace mosaic
