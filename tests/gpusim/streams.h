// Streams and events of the simulated runtime. Work is queued as operations, each after others: those before
// it in its stream, and those that events and the legacy default stream ask for. Eager, an operation runs
// when it is queued. Deferred, it runs when something waits for it and no earlier, with nothing but what it
// has to come after: work that the program forgot to wait for has not happened yet when its results are used.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace gpusim {

struct Stream;

struct Operation {
  std::function<void()> work;
  std::vector<std::shared_ptr<Operation>> after;  // of other streams
  std::shared_ptr<Stream> stream;
  bool done = false;
};

struct Stream {
  bool blocking = true;  // waits for the legacy default stream, and it for this one
  int priority = 0;
  std::deque<std::shared_ptr<Operation>> queue;  // not yet run
};

struct Event {
  bool timed = true;
  std::shared_ptr<Operation> recorded;  // the latest record, or null
  std::shared_ptr<std::chrono::steady_clock::time_point> time;
};

// Handles given to the program are checked: one that was destroyed, or never made, is null here. Faults of
// kernels leave through the function that makes them run, and what was queued behind them is dropped.
class Streams {
 public:
  static Streams& instance();

  cudaStream_t create(bool blocking, int priority);
  bool destroy(cudaStream_t handle);
  // Null is the legacy default stream, as is cudaStreamLegacy; cudaStreamPerThread is one of the thread's
  // own.
  std::shared_ptr<Stream> find(cudaStream_t handle);

  std::shared_ptr<Operation> queue(const std::shared_ptr<Stream>& stream, std::function<void()> work);
  // Runs an operation and what comes before it.
  void finish(const std::shared_ptr<Operation>& operation);
  void finish(const std::shared_ptr<Stream>& stream);
  void finish_all();
  // True when all of it has run. Otherwise the device gets on by one operation, so that asking again and
  // again comes to an end.
  bool query(const std::shared_ptr<Operation>& operation);
  bool query(const std::shared_ptr<Stream>& stream);

  cudaEvent_t create_event(bool timed);
  bool destroy_event(cudaEvent_t handle);
  std::shared_ptr<Event> find_event(cudaEvent_t handle);
  void record(Event& event, const std::shared_ptr<Stream>& stream);
  void wait(const std::shared_ptr<Stream>& stream, const Event& event);
  bool query(const Event& event);
  void finish(const Event& event);

 private:
  Streams();
  std::vector<std::shared_ptr<Operation>> earlier_elsewhere(const std::shared_ptr<Stream>& stream);
  void run_next(Stream& stream);

  std::recursive_mutex mutex_;  // held while work runs: the device does one thing at a time
  std::shared_ptr<Stream> legacy_;
  std::vector<std::shared_ptr<Stream>> streams_;  // with handles
  std::vector<std::shared_ptr<Stream>> unnamed_;  // of threads, and destroyed ones with work left
  std::vector<std::shared_ptr<Event>> events_;
};

}  // namespace gpusim
