#include "engine/core/file.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ostream>

#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::test;
namespace fs = std::filesystem;

namespace {
int64_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}
}  // namespace

TEST_CASE("what is written is read back, in folders made on the way") {
  const TemporaryFolder folder;
  const std::string bytes("a\0b\n\xff", 5);
  for (const char* name : {"plain", "deep/er/x", "with spaces/ü", "not\xff utf8"}) {
    write_file_atomic(folder / name, bytes);
    CHECK(read_file(folder / name) == bytes);
  }
  write_file_atomic(folder / "plain", "");
  CHECK(read_file(folder / "plain").empty());
  const std::string large(3'000'000, 'x');
  write_file_atomic(folder / "plain", [&](std::ostream& out) {
    for (int i = 0; i < 300000; ++i) out << "xxxxxxxxxx";
  });
  CHECK(read_file(folder / "plain") == large);
  CHECK(entries(folder.path()) == 4);  // no temporary files
}

TEST_CASE("reading refuses what is no regular file of a sensible size, without waiting") {
  const TemporaryFolder folder;
  const fs::path missing = folder / "missing";
  CHECK(contains(message_of<ResourceError>([&] { read_file(missing); }), missing.string()));
  CHECK(contains(message_of<ResourceError>([&] { read_file(folder.path()); }), "directory"));
  const fs::path pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(contains(message_of<ResourceError>([&] { read_file(pipe); }), "is a pipe"));
  CHECK(contains(message_of<ResourceError>([&] { hash_file(pipe); }), "is a pipe"));
  CHECK(contains(message_of<ResourceError>([&] { read_file("/dev/zero"); }), "device"));
  fs::create_symlink("nowhere", folder / "dangling");
  CHECK_THROWS_AS(read_file(folder / "dangling"), ResourceError);
  const fs::path file = folder.file("ten", "0123456789");
  CHECK(read_file(file, 10).size() == 10);
  CHECK(contains(message_of<FormatError>([&] { read_file(file, 9); }), "larger than the 9 bytes"));
  // Files of /proc report no size.
  CHECK(!read_file("/proc/self/status").empty());
  CHECK_THROWS_AS(read_file(std::string(5000, 'x')), ResourceError);
}

TEST_CASE("a write that fails leaves the old file and no remains") {
  const TemporaryFolder folder;
  const fs::path file = folder.file("kept", "old");
  struct Broken {};
  CHECK_THROWS_AS(write_file_atomic(file,
                                    [](std::ostream& out) {
                                      out << "half";
                                      throw Broken{};
                                    }),
                  Broken);
  CHECK(read_file(file) == "old");

  // A limit on the file size stands for a full disk.
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 1000, before.rlim_max };
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string message =
      message_of<ResourceError>([&] { write_file_atomic(file, std::string(200'000, 'x')); });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, handler);
  CHECK(contains(message, "200000 bytes wanted"));
  CHECK(contains(message, file.string()));
  CHECK(read_file(file) == "old");
  CHECK(entries(folder.path()) == 1);

  CHECK_THROWS_AS(write_file_atomic(folder.path(), "x"), ResourceError);
  CHECK_THROWS_AS(write_file_atomic(file / "below a file", "x"), ResourceError);
  CHECK_THROWS_AS(write_file_atomic("/dev/full", "x"), ResourceError);
  CHECK_THROWS_AS(write_file_atomic("/proc/nothing/here", "x"), ResourceError);
}

TEST_CASE("hashes are XXH3-64") {
  CHECK(hash_bytes("") == "2d06800538d394c2");
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * i);
  CHECK(hash_file(folder.file("x", bytes)) == hash_bytes(bytes));
  CHECK(hash_bytes(bytes).size() == 16);
  bytes[1'500'000] = static_cast<char>(bytes[1'500'000] ^ 1);
  CHECK(hash_file(folder / "x") != hash_bytes(bytes));
}
