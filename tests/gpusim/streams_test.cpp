// Deferred streams: work happens when it is waited for and no earlier, in every order that CUDA promises and
// in none that it does not.
#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include <vector>

#include "tests/gpusim/fault.h"
#include "tests/gpusim/host_machine.h"

using namespace gpusim;

namespace {

const char writer = 0, adder = 0;

// Integers on the device, one stream that does not wait for the default one, pinned memory, deferred.
struct Setting {
  int *a = nullptr, *b = nullptr, *pinned = nullptr;
  cudaStream_t stream = nullptr, other = nullptr;
  cudaEvent_t event = nullptr;
  Setting() {
    add_host_kernel(&writer, {8, 4}, 0, [](const Launch& l) { *argument<int*>(l, 0) = argument<int>(l, 8); });
    add_host_kernel(&adder, {8}, 0, [](const Launch& l) { ++*argument<int*>(l, 0); });
    options().deferred = false;
    REQUIRE(cudaMalloc(reinterpret_cast<void**>(&a), 4) == cudaSuccess);
    REQUIRE(cudaMalloc(reinterpret_cast<void**>(&b), 4) == cudaSuccess);
    REQUIRE(cudaMallocHost(reinterpret_cast<void**>(&pinned), 4) == cudaSuccess);
    REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    REQUIRE(cudaStreamCreate(&other) == cudaSuccess);
    REQUIRE(cudaEventCreate(&event) == cudaSuccess);
    cudaMemset(a, 0, 4);
    cudaMemset(b, 0, 4);
    *pinned = -1;
    options().deferred = true;
  }
  ~Setting() {
    cudaDeviceSynchronize();
    options().deferred = false;
    cudaEventDestroy(event);
    cudaStreamDestroy(stream);
    cudaStreamDestroy(other);
    cudaFreeHost(pinned);
    cudaFree(a);
    cudaFree(b);
    cudaGetLastError();
  }
  void write(int* to, int value, cudaStream_t where) {
    void* arguments[] = {&to, &value};
    CHECK(cudaLaunchKernel(&writer, 1, 1, arguments, 0, where) == cudaSuccess);
  }
  void add(int* to, cudaStream_t where) {
    void* arguments[] = {&to};
    CHECK(cudaLaunchKernel(&adder, 1, 1, arguments, 0, where) == cudaSuccess);
  }
  void fetch(const int* from, cudaStream_t where) {
    CHECK(cudaMemcpyAsync(pinned, from, 4, cudaMemcpyDeviceToHost, where) == cudaSuccess);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Setting, "gpusim streams: a missing synchronisation is seen") {
  write(a, 5, stream);
  fetch(a, stream);
  CHECK(*pinned == -1);  // read too early
  CHECK(cudaStreamSynchronize(other) == cudaSuccess);
  CHECK(*pinned == -1);  // the wrong stream
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(*pinned == 5);
}

TEST_CASE_FIXTURE(Setting, "gpusim streams: a missing edge between two streams is seen, an event makes it") {
  write(a, 5, stream);
  fetch(a, other);
  CHECK(cudaStreamSynchronize(other) == cudaSuccess);
  CHECK(*pinned == 0);
  write(a, 6, stream);
  CHECK(cudaEventRecord(event, stream) == cudaSuccess);
  CHECK(cudaStreamWaitEvent(other, event, 0) == cudaSuccess);
  write(a, 7, stream);  // after the event: not waited for
  fetch(a, other);
  CHECK(cudaStreamSynchronize(other) == cudaSuccess);
  CHECK(*pinned == 6);
}

TEST_CASE_FIXTURE(Setting,
                  "gpusim streams: pinned buffers are read when the copy runs, pageable ones at once") {
  int pageable = 1;
  *pinned = 1;
  CHECK(cudaMemcpyAsync(a, &pageable, 4, cudaMemcpyHostToDevice, stream) == cudaSuccess);
  CHECK(cudaMemcpyAsync(b, pinned, 4, cudaMemcpyHostToDevice, stream) == cudaSuccess);
  pageable = *pinned = 2;  // too early for the pinned one
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(*a == 1);
  CHECK(*b == 2);
}

TEST_CASE_FIXTURE(Setting, "gpusim streams: the default stream waits for blocking streams and they for it") {
  write(a, 5, other);
  write(b, 5, stream);
  add(a, nullptr);
  add(b, nullptr);
  int host = 0;
  CHECK(cudaMemcpy(&host, a, 4, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(host == 6);
  CHECK(cudaMemcpy(&host, b, 4, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(host == 1);  // the stream that does not block is still to run
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(*b == 5);
  write(a, 9, nullptr);
  add(a, other);
  CHECK(cudaStreamSynchronize(other) == cudaSuccess);
  CHECK(*a == 10);
}

TEST_CASE_FIXTURE(Setting,
                  "gpusim streams: events are ready after what was recorded, and asking gets there") {
  CHECK(cudaEventQuery(event) == cudaSuccess);  // never recorded
  add(a, stream);
  add(a, stream);
  CHECK(cudaEventRecord(event, stream) == cudaSuccess);
  add(a, stream);
  CHECK(cudaEventQuery(event) == cudaErrorNotReady);
  CHECK(cudaEventSynchronize(event) == cudaSuccess);
  CHECK(*a == 2);
  CHECK(cudaEventQuery(event) == cudaSuccess);
  int asked = 0;
  while (cudaStreamQuery(stream) == cudaErrorNotReady) REQUIRE(++asked < 10);
  CHECK(*a == 3);
  CHECK(cudaGetLastError() == cudaSuccess);
}

TEST_CASE_FIXTURE(Setting, "gpusim streams: time between events") {
  cudaEvent_t end = nullptr, untimed = nullptr;
  CHECK(cudaEventCreate(&end) == cudaSuccess);
  CHECK(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming) == cudaSuccess);
  float ms = -1;
  CHECK(cudaEventElapsedTime(&ms, event, end) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventRecord(event, stream) == cudaSuccess);
  add(a, stream);
  CHECK(cudaEventRecord(end, stream) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&ms, event, end) == cudaErrorNotReady);
  CHECK(cudaEventSynchronize(end) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&ms, event, end) == cudaSuccess);
  CHECK(ms >= 0);
  CHECK(cudaEventRecord(untimed, stream) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&ms, event, untimed) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventDestroy(end) == cudaSuccess);
  CHECK(cudaEventDestroy(end) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventDestroy(untimed) == cudaSuccess);
}

TEST_CASE_FIXTURE(Setting, "gpusim streams: freeing waits, and a free in another stream does not") {
  write(a, 5, stream);
  fetch(a, stream);
  CHECK(cudaFree(a) == cudaSuccess);
  CHECK(*pinned == 5);
  fetch(b, stream);
  CHECK(cudaFreeAsync(b, other) == cudaSuccess);
  CHECK(cudaStreamSynchronize(other) == cudaSuccess);
  CHECK_THROWS_WITH_AS(cudaStreamSynchronize(stream), doctest::Contains("freed"), Fault);
}

TEST_CASE_FIXTURE(Setting, "gpusim streams: a destroyed stream finishes its work and is known no more") {
  cudaStream_t brief = nullptr;
  CHECK(cudaStreamCreate(&brief) == cudaSuccess);
  add(a, brief);
  CHECK(cudaStreamDestroy(brief) == cudaSuccess);
  CHECK(cudaStreamSynchronize(brief) == cudaErrorInvalidResourceHandle);
  CHECK(*a == 0);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(*a == 1);
}

TEST_CASE_FIXTURE(Setting, "gpusim streams: functions of the host take their turn") {
  std::vector<int> seen;
  struct Peek {
    const int* from;
    std::vector<int>* to;
  } peek{a, &seen};
  const auto look = [](void* data) {
    auto* p = static_cast<Peek*>(data);
    p->to->push_back(*p->from);
  };
  add(a, stream);
  CHECK(cudaLaunchHostFunc(stream, look, &peek) == cudaSuccess);
  add(a, stream);
  CHECK(seen.empty());
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(seen == std::vector<int>{1});
}
