// Device memory and copies: bounds, red zones, freed memory, marks of what was written, and CUDA's codes.
#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/gpusim/errors.h"
#include "tests/gpusim/fatbin.h"
#include "tests/gpusim/fault.h"
#include "tests/gpusim/memory.h"

extern "C" void __cudaRegisterVar(void**, char*, char*, const char*, int, size_t, int, int);

using namespace gpusim;

namespace {
std::byte* at(void* data, ptrdiff_t offset) {
  return static_cast<std::byte*>(data) + offset;
}
}  // namespace

TEST_CASE("gpusim memory: allocations are NaN, unwritten, and no more aligned than promised") {
  Memory& m = Memory::device();
  const size_t before = m.used();
  for (const size_t bytes : {1, 255, 256, 4096, 100001}) {
    void* data = m.allocate(bytes);
    CHECK(reinterpret_cast<uintptr_t>(data) % 512 == 256);
    CHECK(m.used() == before + bytes);
    CHECK(static_cast<int>(*at(data, static_cast<ptrdiff_t>(bytes) - 1)) == 0xff);
    CHECK(m.first_unwritten(data, bytes) == data);
    CHECK(m.release(data));
  }
  CHECK(m.used() == before);
}

TEST_CASE("gpusim memory: red zones and freed memory are in no allocation") {
  Memory& m = Memory::device();
  void *a = m.allocate(1000), *b = m.allocate(1000);
  REQUIRE(m.find(a) != nullptr);
  CHECK(m.find(at(a, 999)) == m.find(a));
  CHECK(m.find(at(a, -1)) == nullptr);
  for (const ptrdiff_t beyond : {1000, 1001, 1255, 1999}) CHECK(m.find(at(a, beyond)) == nullptr);
  CHECK(m.find(a)->contains(at(a, 996), 4));
  CHECK_FALSE(m.find(a)->contains(at(a, 997), 4));
  const uint64_t generation = m.generation();
  CHECK(m.release(a));
  CHECK(m.generation() > generation);
  CHECK(m.find(a) == nullptr);
  CHECK(m.owns(a));
  CHECK_FALSE(m.release(a));
  CHECK_FALSE(m.release(at(b, 8)));
  void* c = m.allocate(1000);
  CHECK(c != a);  // late uses of a are found
  CHECK(m.find(at(b, 500)) == m.find(b));
  CHECK(m.release(b));
  CHECK(m.release(c));
  int local = 0;
  CHECK_FALSE(m.owns(&local));
}

TEST_CASE("gpusim memory: marks of what was written") {
  Memory& m = Memory::device();
  void* data = m.allocate(100);
  m.mark_written(at(data, 10), 20);
  CHECK(m.first_unwritten(at(data, 10), 20) == nullptr);
  CHECK(m.first_unwritten(at(data, 10), 21) == at(data, 30));
  CHECK(m.first_unwritten(data, 100) == data);
  CHECK(m.release(data));
}

TEST_CASE("gpusim memory: no more than the device has") {
  void* data = &data;
  CHECK(cudaMalloc(&data, Memory::limit + 1) == cudaErrorMemoryAllocation);
  CHECK(data == nullptr);
  CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
  CHECK(cudaMalloc(&data, SIZE_MAX) == cudaErrorMemoryAllocation);
  CHECK(cudaPeekAtLastError() == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(cudaMalloc(&data, 0) == cudaSuccess);
  CHECK(data == nullptr);
  CHECK(cudaFree(nullptr) == cudaSuccess);
}

TEST_CASE("gpusim runtime: copies of the wrong kind or beyond an allocation are refused") {
  void *a = nullptr, *b = nullptr;
  REQUIRE(cudaMalloc(&a, 64) == cudaSuccess);
  REQUIRE(cudaMalloc(&b, 64) == cudaSuccess);
  std::vector<int> host(16, 7);
  CHECK(cudaMemcpy(a, host.data(), 64, cudaMemcpyHostToDevice) == cudaSuccess);
  CHECK(cudaMemcpy(a, host.data(), 65, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(at(a, 4), host.data(), 64, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host.data(), host.data(), 4, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(a, b, 4, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host.data(), a, 64, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host.data(), a, 4, static_cast<cudaMemcpyKind>(7)) == cudaErrorInvalidMemcpyDirection);
  CHECK(cudaMemcpy(nullptr, a, 4, cudaMemcpyDefault) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDefault) == cudaSuccess);
  CHECK(cudaMemset(a, 0, 65) == cudaErrorInvalidValue);
  CHECK(cudaMemset(host.data(), 0, 4) == cudaErrorInvalidValue);
  CHECK(cudaFree(at(a, 4)) == cudaErrorInvalidValue);
  CHECK(cudaFree(a) == cudaSuccess);
  CHECK(cudaFree(a) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host.data(), a, 4, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(cudaFree(b) == cudaSuccess);
  cudaGetLastError();
}

TEST_CASE("gpusim runtime: a copy within the device carries what was never written") {
  void *a = nullptr, *b = nullptr;
  REQUIRE(cudaMalloc(&a, 8) == cudaSuccess);
  REQUIRE(cudaMalloc(&b, 8) == cudaSuccess);
  CHECK(cudaMemset(at(a, 0), 1, 4) == cudaSuccess);
  CHECK(cudaMemcpy(b, a, 8, cudaMemcpyDeviceToDevice) == cudaSuccess);
  CHECK(Memory::device().first_unwritten(b, 8) == at(b, 4));
  float host[2] = {};
  CHECK(cudaMemcpy(host, b, 8, cudaMemcpyDefault) == cudaSuccess);
  CHECK(std::isnan(host[1]));
  cudaFree(a);
  cudaFree(b);
}

TEST_CASE("gpusim runtime: rows with a pitch") {
  void* data = nullptr;
  size_t pitch = 0;
  REQUIRE(cudaMallocPitch(&data, &pitch, 12, 3) == cudaSuccess);
  CHECK(pitch == 512);
  const std::vector<int> host{1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(cudaMemcpy2D(data, pitch, host.data(), 12, 12, 3, cudaMemcpyHostToDevice) == cudaSuccess);
  CHECK(Memory::device().first_unwritten(data, 13) == at(data, 12));
  std::vector<int> columns(6);
  CHECK(cudaMemcpy2D(columns.data(), 8, at(data, 4), pitch, 8, 3, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(columns == std::vector<int>{2, 3, 5, 6, 8, 9});
  CHECK(cudaMemcpy2D(data, 8, host.data(), 12, 12, 3, cudaMemcpyHostToDevice) == cudaErrorInvalidPitchValue);
  CHECK(cudaMemcpy2D(data, pitch, host.data(), 12, 12, 4, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  cudaGetLastError();
  cudaFree(data);
}

TEST_CASE("gpusim runtime: variables") {
  static int variable[4], none;
  __cudaRegisterVar(nullptr, reinterpret_cast<char*>(variable), nullptr, "variable", 0, sizeof variable, 0,
                    0);
  const int two[] = {5, 6};
  CHECK(cudaMemcpyToSymbol(variable, two, 8, 4, cudaMemcpyHostToDevice) == cudaSuccess);
  int back[2] = {};
  CHECK(cudaMemcpyFromSymbol(back, variable, 8, 4, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(back[1] == 6);
  CHECK(cudaMemcpyToSymbol(variable, two, 8, 12, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpyToSymbol(&none, two, 4, 0, cudaMemcpyHostToDevice) == cudaErrorInvalidSymbol);
  size_t bytes = 0;
  CHECK(cudaGetSymbolSize(&bytes, variable) == cudaSuccess);
  CHECK(bytes == 16);
  cudaGetLastError();
}

TEST_CASE("gpusim runtime: what addresses are") {
  void *device = nullptr, *pinned = nullptr;
  REQUIRE(cudaMalloc(&device, 8) == cudaSuccess);
  REQUIRE(cudaMallocHost(&pinned, 8) == cudaSuccess);
  int local = 0;
  const auto type = [](const void* p) {
    cudaPointerAttributes a{};
    CHECK(cudaPointerGetAttributes(&a, p) == cudaSuccess);
    return a.type;
  };
  CHECK(type(at(device, 7)) == cudaMemoryTypeDevice);
  CHECK(type(at(device, 8)) == cudaMemoryTypeUnregistered);
  CHECK(type(at(pinned, 7)) == cudaMemoryTypeHost);
  CHECK(type(&local) == cudaMemoryTypeUnregistered);
  CHECK(cudaFreeHost(&local) == cudaErrorInvalidValue);
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
  CHECK(type(pinned) == cudaMemoryTypeUnregistered);
  cudaFree(device);
  cudaGetLastError();
}

TEST_CASE("gpusim runtime: errors have CUDA's names and texts") {
  CHECK(std::string(cudaGetErrorName(cudaErrorInvalidValue)) == "cudaErrorInvalidValue");
  CHECK(std::string(cudaGetErrorString(cudaErrorInvalidValue)) == "invalid argument");
  CHECK(std::string(cudaGetErrorString(cudaErrorNoKernelImageForDevice)) ==
        "no kernel image is available for execution on the device");
  CHECK(std::string(cudaGetErrorName(static_cast<cudaError_t>(777))) == "unrecognized error code");
}

TEST_CASE("gpusim: faults say where") {
  Fault::Place place;
  place.kernel = "softmax";
  CHECK(std::string(Fault(place, "no").what()) == "[gpusim] softmax, block {0, 0, 0}: no");
  place.block[1] = 2;
  place.thread = 33;
  place.file = "k.cu";
  place.line = 41;
  CHECK(std::string(Fault(place, "no").what()) ==
        "[gpusim] softmax, block {0, 2, 0}, thread 33, k.cu:41: no");
}

namespace {
// A fat binary with one entry.
struct FatBinary {
  std::string bytes;
  struct {
    uint32_t magic = 0x466243b1, version = 1;
    const void* data;
    const void* file = nullptr;
  } wrapper;
  FatBinary(uint16_t kind, uint64_t flags, std::string payload) {
    const auto put = [this](auto v) { bytes.append(reinterpret_cast<const char*>(&v), sizeof v); };
    put(uint32_t{0xba55ed50});
    put(uint16_t{1});
    put(uint16_t{16});
    put(uint64_t{64 + payload.size()});
    put(kind);
    put(uint16_t{0x101});
    put(uint32_t{64});
    put(uint64_t{payload.size()});
    bytes.resize(16 + 40);
    put(flags);
    bytes.resize(16 + 64);
    bytes += payload;
    wrapper.data = bytes.data();
  }
};
}  // namespace

TEST_CASE("gpusim: PTX is taken from fat binaries") {
  const FatBinary plain(1, 0, std::string(".version 9.0\0\0\0", 15));
  CHECK(ptx_of_fat_binary(&plain.wrapper) == std::vector<std::string>{".version 9.0"});
  const FatBinary compressed(1, 0x8000, "....");
  CHECK_THROWS_WITH_AS(ptx_of_fat_binary(&compressed.wrapper), doctest::Contains("-no-compress"),
                       Unsupported);
  const FatBinary machine_code(2, 0, "....");
  CHECK_THROWS_WITH_AS(ptx_of_fat_binary(&machine_code.wrapper), doctest::Contains("no PTX"), Unsupported);
  FatBinary cut(1, 0, "....");
  cut.bytes[16 + 8] = 99;  // the payload's size
  CHECK_THROWS_AS(ptx_of_fat_binary(&cut.wrapper), Unsupported);
  cut.wrapper.magic = 0;
  CHECK_THROWS_AS(ptx_of_fat_binary(&cut.wrapper), Unsupported);
}
