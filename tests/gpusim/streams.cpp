#include "tests/gpusim/streams.h"

#include <algorithm>
#include <utility>

#include "tests/gpusim/simulator.h"

namespace gpusim {

Streams& Streams::instance() {
  static Streams* const streams = new Streams;  // never destroyed: tensors may be static too
  return *streams;
}

Streams::Streams() : legacy_(std::make_shared<Stream>()) {}

cudaStream_t Streams::create(bool blocking, int priority) {
  const std::lock_guard lock(mutex_);
  auto made = std::make_shared<Stream>();
  made->blocking = blocking;
  made->priority = priority;
  streams_.push_back(made);
  return reinterpret_cast<cudaStream_t>(made.get());
}

bool Streams::destroy(cudaStream_t handle) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(streams_.begin(), streams_.end(), [handle](const auto& s) {
    return reinterpret_cast<cudaStream_t>(s.get()) == handle;
  });
  if (at == streams_.end()) return false;
  if (!(*at)->queue.empty()) unnamed_.push_back(*at);
  streams_.erase(at);
  return true;
}

std::shared_ptr<Stream> Streams::find(cudaStream_t handle) {
  const std::lock_guard lock(mutex_);
  if (handle == nullptr || handle == cudaStreamLegacy) return legacy_;
  if (handle == cudaStreamPerThread) {
    thread_local std::shared_ptr<Stream> own;
    if (!own) unnamed_.push_back(own = std::make_shared<Stream>());
    return own;
  }
  for (const auto& stream : streams_) {
    if (reinterpret_cast<cudaStream_t>(stream.get()) == handle) return stream;
  }
  return nullptr;
}

// The legacy default stream waits for every blocking stream, and they for it.
std::vector<std::shared_ptr<Operation>> Streams::earlier_elsewhere(const std::shared_ptr<Stream>& stream) {
  std::vector<std::shared_ptr<Operation>> after;
  const auto add = [&after](const Stream& other) {
    if (!other.queue.empty()) after.push_back(other.queue.back());
  };
  if (stream == legacy_) {
    for (const auto* group : {&streams_, &unnamed_}) {
      for (const auto& other : *group) {
        if (other->blocking) add(*other);
      }
    }
  } else if (stream->blocking) {
    add(*legacy_);
  }
  return after;
}

std::shared_ptr<Operation> Streams::queue(const std::shared_ptr<Stream>& stream, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  auto operation = std::make_shared<Operation>();
  operation->work = std::move(work);
  operation->after = earlier_elsewhere(stream);
  operation->stream = stream;
  stream->queue.push_back(operation);
  if (!options().deferred) finish(operation);
  return operation;
}

void Streams::run_next(Stream& stream) {
  const std::shared_ptr<Operation> operation = stream.queue.front();
  for (const auto& before : std::exchange(operation->after, {})) finish(before);
  stream.queue.pop_front();
  operation->done = true;
  try {
    std::exchange(operation->work, nullptr)();
  } catch (...) {
    for (const auto& dropped : stream.queue) {
      dropped->done = true;
      dropped->work = nullptr;
      dropped->after.clear();
    }
    stream.queue.clear();
    throw;
  }
}

void Streams::finish(const std::shared_ptr<Operation>& operation) {
  const std::lock_guard lock(mutex_);
  while (!operation->done) run_next(*operation->stream);
}

void Streams::finish(const std::shared_ptr<Stream>& stream) {
  const std::lock_guard lock(mutex_);
  if (!stream->queue.empty()) finish(std::shared_ptr<Operation>(stream->queue.back()));
}

void Streams::finish_all() {
  const std::lock_guard lock(mutex_);
  finish(legacy_);
  for (const auto* group : {&streams_, &unnamed_}) {
    for (const auto& stream : *group) finish(stream);
  }
  std::erase_if(unnamed_, [](const auto& stream) { return stream.use_count() == 1; });
}

bool Streams::query(const std::shared_ptr<Operation>& operation) {
  const std::lock_guard lock(mutex_);
  if (operation->done) return true;
  run_next(*operation->stream);
  return false;
}

bool Streams::query(const std::shared_ptr<Stream>& stream) {
  const std::lock_guard lock(mutex_);
  return stream->queue.empty() || query(std::shared_ptr<Operation>(stream->queue.back()));
}

cudaEvent_t Streams::create_event(bool timed) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::make_shared<Event>());
  events_.back()->timed = timed;
  return reinterpret_cast<cudaEvent_t>(events_.back().get());
}

bool Streams::destroy_event(cudaEvent_t handle) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(events_, [handle](const auto& event) {
           return reinterpret_cast<cudaEvent_t>(event.get()) == handle;
         }) > 0;
}

std::shared_ptr<Event> Streams::find_event(cudaEvent_t handle) {
  const std::lock_guard lock(mutex_);
  for (const auto& event : events_) {
    if (reinterpret_cast<cudaEvent_t>(event.get()) == handle) return event;
  }
  return nullptr;
}

void Streams::record(Event& event, const std::shared_ptr<Stream>& stream) {
  const std::lock_guard lock(mutex_);
  const auto time = std::make_shared<std::chrono::steady_clock::time_point>();
  event.time = time;
  event.recorded = queue(stream, [time] { *time = std::chrono::steady_clock::now(); });
}

void Streams::wait(const std::shared_ptr<Stream>& stream, const Event& event) {
  const std::lock_guard lock(mutex_);
  if (!event.recorded || event.recorded->done) return;
  const auto before = event.recorded;
  queue(stream, [this, before] { finish(before); });
}

bool Streams::query(const Event& event) {
  const std::lock_guard lock(mutex_);
  return !event.recorded || query(event.recorded);
}

void Streams::finish(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (event.recorded) finish(event.recorded);
}

}  // namespace gpusim
