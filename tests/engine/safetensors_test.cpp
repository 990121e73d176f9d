// The safetensors reader against files that are wrong in every way, and the round trip of good ones.
#include "engine/io/safetensors.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>

#include "engine/core/file.h"

using namespace mosaic;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / cat("mosaic-safetensors-", ::getpid())) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::string little_endian(uint64_t n) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &n, 8);
  return bytes;
}

std::string file_of(const std::string& header, const std::string& data = "") {
  return little_endian(header.size()) + header + data;
}

// The message with which the bytes are refused; fails the test when they are not.
std::string refusal(const std::string& bytes) {
  const Folder folder;
  const fs::path path = folder / "x.safetensors";
  std::ofstream(path, std::ios::binary) << bytes;
  try {
    const SafetensorsFile file(path);
    file.tensors();
  } catch (const FormatError& error) {
    CHECK(std::string(error.what()).find("x.safetensors") != std::string::npos);
    return error.what();
  }
  FAIL_CHECK("was accepted: ", bytes.substr(0, 200));
  return "";
}

bool refused(const std::string& bytes, const std::string& reason) {
  const std::string message = refusal(bytes);
  const bool found = message.find(reason) != std::string::npos;
  if (!found) MESSAGE("expected \"", reason, "\" in: ", message);
  return found;
}

std::string entry(const std::string& fields) {
  return file_of("{\"a\":{" + fields + "}}", std::string(8, '\0'));
}

}  // namespace

TEST_CASE("tensors and metadata survive the round trip") {
  const Folder folder;
  const fs::path path = folder / "good.safetensors";
  const std::vector<float> values{1, -2, 3.5f, 0, 1e-30f, 7};
  const std::map<std::string, Tensor> tensors{
      {"weights", Tensor::from(std::span<const float>(values), {2, 3})},
      {"doubles", Tensor::full({2}, 0.1, f64)},
      {"bfloats", Tensor::full({3}, 0.1, bf16)},
      {"halves", Tensor::full({3}, 0.1, f16)},
      {"ids", Tensor::full({4}, -7, i32)},
      {"mask", Tensor::full({3}, 1, u8)},
      {"scalar", Tensor::scalar(2.5)},
      {"empty", Tensor::zeros({0, 4})},
      {"name \"with\" \xc3\xbc", Tensor::scalar(1)},
  };
  save_safetensors(path, tensors, {{"format", "pt"}, {"note", "a \"quoted\" text"}});
  const SafetensorsFile file(path);
  CHECK(file.entries().size() == tensors.size());
  CHECK(file.metadata().at("note") == "a \"quoted\" text");
  for (const auto& [name, tensor] : tensors) {
    const Tensor back = file.tensor(name);
    CHECK(back.shape() == tensor.shape());
    CHECK(back.dtype() == tensor.dtype());
    CHECK(back.values() == tensor.values());
  }
  CHECK(file.tensor("weights").storage()->read_only());
  CHECK(file.find("absent") == nullptr);
  CHECK_THROWS_AS(file.tensor("absent"), FormatError);

  const std::string first = read_file(path);
  save_safetensors(path, tensors, {{"format", "pt"}, {"note", "a \"quoted\" text"}});
  CHECK(read_file(path) == first);
  uint64_t header = 0;
  std::memcpy(&header, first.data(), 8);
  CHECK(header % 8 == 0);
  CHECK(first.find("doubles") < first.find("\"ids\""));  // larger elements first, then by name
}

TEST_CASE("a strided view is written as its values") {
  const Folder folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const Tensor base = Tensor::from(std::span<const float>(values), {2, 3});
  const Tensor view = base.with_layout({2, 2}, base.strides(), 1);
  save_safetensors(folder / "v.safetensors", {{"v", view}});
  CHECK(SafetensorsFile(folder / "v.safetensors").tensor("v").values() == std::vector<double>{2, 3, 5, 6});
}

TEST_CASE("lengths that cannot be") {
  CHECK(refused("", "0 bytes"));
  CHECK(refused("1234567", "7 bytes"));
  CHECK(refused(little_endian(0), "empty"));
  CHECK(refused(little_endian(uint64_t{1} << 63), "at most 100000000"));
  CHECK(refused(little_endian(~uint64_t{0}) + "{}", "at most 100000000"));
  CHECK(refused(little_endian(100'000'001) + "{}", "at most 100000000"));
  CHECK(refused(little_endian(1000) + "{}", "cut short"));
}

TEST_CASE("a huge sparse file is refused at once") {
  const Folder folder;
  const fs::path path = folder / "sparse.safetensors";
  std::ofstream(path, std::ios::binary) << little_endian(100'000'001);
  fs::resize_file(path, 100'000'100);
  CHECK_THROWS_AS(SafetensorsFile{path}, FormatError);
}

TEST_CASE("headers that are not the JSON they should be") {
  CHECK(refused(file_of("[]"), "'{'"));
  CHECK(refused(file_of("\xef\xbb\xbf{}"), "'{'"));
  CHECK(refused(file_of("{\"\xff\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", "abcd"),
                "not JSON"));
  CHECK(refused(file_of("{\"abc"), "not JSON"));
  CHECK(refused(file_of("{} x"), "not JSON"));
  CHECK(refused(file_of("{\"a\":" + std::string(200'000, '[')), "must be an object"));
  CHECK(refused(file_of("{\"a\":null}"), "must be an object"));
  CHECK(refused(file_of("{\"a\":3}"), "must be an object"));
  const std::string a = "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}";
  CHECK(refused(file_of("{" + a + "," + a + "}", "abcd"), "twice"));
  CHECK(refused(file_of("{\"__metadata__\":{},\"__metadata__\":{}}"), "twice"));
  CHECK(refused(file_of("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"), "twice"));
  CHECK(refused(file_of("{\"__metadata__\":{\"k\":1}}"), "must be a text"));
  CHECK(refused(file_of("{\"__metadata__\":{\"k\":{}}}"), "must be a text"));
}

TEST_CASE("entries that are wrong") {
  CHECK(refused(entry(R"("dtype":"F17","shape":[2],"data_offsets":[0,8])"), "unknown dtype \"F17\""));
  CHECK(refused(entry(R"("shape":[2],"data_offsets":[0,8])"), "dtype is missing"));
  CHECK(refused(entry(R"("dtype":"F32","data_offsets":[0,8])"), "shape is missing"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[2])"), "data_offsets is missing"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1)"), "unknown key"));
  CHECK(refused(entry(R"("dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8])"), "twice"));
  CHECK(refused(entry(R"("dtype":7,"shape":[2],"data_offsets":[0,8])"), "dtype must be a text"));
  CHECK(refused(entry(R"("dtype":"F32","shape":2,"data_offsets":[0,8])"), "shape must be an array"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[-1],"data_offsets":[0,8])"), "-1"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[1.5],"data_offsets":[0,8])"), "1.5"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[true],"data_offsets":[0,8])"), "true or false"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8])"),
                "18446744073709551616"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])"), "too large"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[4398046511105,4194304],"data_offsets":[0,8])"), "too large"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[0,9223372036854775808],"data_offsets":[0,0])"), "too large"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[0,0])"), "too large"));
  std::string ones = "1";
  for (int i = 1; i < 1000; ++i) ones += ",1";
  CHECK(refused(entry("\"dtype\":\"F32\",\"shape\":[" + ones + "],\"data_offsets\":[0,8]"), "axes"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), "before they begin"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[2],"data_offsets":["0","8"])"), "a text"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0])"), "two numbers"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4,8])"), "two numbers"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), "takes 12 bytes"));
  CHECK(refused(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615])"),
                "takes 8 bytes"));
  CHECK(refused(entry(R"("dtype":"F4","shape":[3],"data_offsets":[0,1])"), "whole bytes"));
  CHECK(refused(entry(R"("dtype":"I16","shape":[4],"data_offsets":[0,8])"), "I16"));
}

TEST_CASE("data that is not covered exactly") {
  const auto two = [](const std::string& first, const std::string& second, size_t bytes) {
    return file_of("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + first +
                       "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + second + "}}",
                   std::string(bytes, 'x'));
  };
  CHECK(refused(two("[0,4]", "[8,12]", 12), "hole"));
  CHECK(refused(two("[0,4]", "[0,4]", 4), "overlapping"));
  CHECK(refused(two("[0,4]", "[2,6]", 6), "overlapping"));
  CHECK(refused(two("[0,4]", "[4,8]", 20), "12 bytes after its last tensor"));
  CHECK(refused(two("[0,4]", "[4,8]", 7), "cut short"));
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) {
    many += cat(i ? "," : "", "\"t", i, "\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}");
  }
  CHECK(refused(file_of(many + "}", "abcd"), "overlapping"));
}

TEST_CASE("a misaligned tensor is read by copy") {
  const Folder folder;
  const float value = 1.25f;
  std::string data = "xyz";
  data.append(reinterpret_cast<const char*>(&value), 4);
  std::ofstream(folder / "odd.safetensors", std::ios::binary) << file_of(
      R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"f":{"dtype":"F32","shape":[],"data_offsets":[3,7]}})",
      data);
  CHECK(SafetensorsFile(folder / "odd.safetensors").tensor("f").item<float>() == 1.25f);
}

TEST_CASE(
    "a small file cut at any byte, or with any bit flipped in its header, is refused or still well formed") {
  const Folder folder;
  const fs::path path = folder / "small.safetensors";
  save_safetensors(path, {{"w", Tensor::full({2, 2}, 3)}, {"b", Tensor::full({2}, 1)}});
  const std::string good = read_file(path);
  for (size_t length = 0; length < good.size(); ++length) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << good.substr(0, length);
    CHECK_THROWS_AS(SafetensorsFile{path}, FormatError);
  }
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    try {
      for (const auto& [name, tensor] : SafetensorsFile(path).tensors()) CHECK(tensor.numel() * 4 <= 24);
    } catch (const FormatError&) {  // anything else fails the test
    }
  }
}

TEST_CASE("things that are not files") {
  const Folder folder;
  CHECK_THROWS_AS(SafetensorsFile{folder / "."}, ResourceError);
  CHECK_THROWS_AS(SafetensorsFile{folder / "missing"}, ResourceError);
  CHECK_THROWS_AS(SafetensorsFile{"/dev/zero"}, ResourceError);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(SafetensorsFile{folder / "pipe"}, ResourceError);
  fs::create_symlink(folder / "nowhere", folder / "dangling");
  CHECK_THROWS_AS(SafetensorsFile{folder / "dangling"}, ResourceError);
  CHECK(refused(std::string("PK\x03\x04", 4) + "0000000000", "PyTorch"));
  CHECK(refused("\x80\x02}q\x01(X\x03", "PyTorch"));
}

TEST_CASE("a header whose length looks like another format's first bytes is read") {
  const Folder folder;
  const auto path = folder / "w.safetensors";
  for (const unsigned length : {0x80u, 0x280u, 0x380u, 0x480u, 0x580u}) {
    std::string header = R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    header.resize(length, ' ');
    std::ofstream(path, std::ios::binary) << file_of(header, "\7");
    CHECK(SafetensorsFile(path).tensor("w").item<int>() == 7);
  }
}

TEST_CASE("a file that shrinks after it was opened is noticed") {
  const Folder folder;
  const fs::path path = folder / "shrinks.safetensors";
  save_safetensors(path, {{"w", Tensor::full({4096}, 3)}});
  const SafetensorsFile file(path);
  fs::resize_file(path, 100);
  CHECK_THROWS_WITH_AS(file.tensor("w"), doctest::Contains("shrank"), FormatError);
}

TEST_CASE("a million empty tensors take seconds, not hours") {
  const Folder folder;
  std::string header = "{";
  header.reserve(80'000'000);
  for (int i = 0; i < 1'000'000; ++i) {
    header += i ? ",\"" : "\"";
    header += std::to_string(i);
    header += "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
  }
  std::ofstream(folder / "many.safetensors", std::ios::binary) << file_of(header + "}");
  const auto begin = std::chrono::steady_clock::now();
  CHECK(SafetensorsFile(folder / "many.safetensors").entries().size() == 1'000'000);
  CHECK(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < 60);
}

TEST_CASE("what cannot be saved") {
  const Folder folder;
  CHECK_THROWS_AS(save_safetensors(folder / "x", {{"__metadata__", Tensor::scalar(1)}}), ArgumentError);
  CHECK_THROWS_AS(save_safetensors(folder / "x", {{"\xff", Tensor::scalar(1)}}), ArgumentError);
  CHECK_THROWS_AS(save_safetensors(folder / "x", {{"a", Tensor()}}), ArgumentError);
  CHECK_THROWS_AS(save_safetensors("/dev/full", {{"a", Tensor::scalar(1)}}), ResourceError);
  CHECK(!fs::exists(folder / "x"));
}
