// Streams and events under CUDA's names.
#include <chrono>

#include "tests/gpusim/errors.h"
#include "tests/gpusim/streams.h"

using namespace gpusim;

namespace {

Streams& streams() {
  return Streams::instance();
}

// Does f(stream), or reports that there is no such stream.
template <class F>
cudaError_t with_stream(cudaStream_t handle, const F& f) {
  const auto stream = streams().find(handle);
  return report(stream ? f(stream) : cudaErrorInvalidResourceHandle);
}

template <class F>
cudaError_t with_event(cudaEvent_t handle, const F& f) {
  const auto event = streams().find_event(handle);
  return report(event ? f(*event) : cudaErrorInvalidResourceHandle);
}

// Not ready is an answer, not a failure to be kept.
cudaError_t answer(bool ready) {
  return ready ? cudaSuccess : cudaErrorNotReady;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  if (!stream || flags > cudaStreamNonBlocking) return report(cudaErrorInvalidValue);
  *stream = streams().create(flags == cudaStreamDefault, priority);
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithPriority(stream, cudaStreamDefault, 0);
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return report(streams().destroy(stream) ? cudaSuccess : cudaErrorInvalidResourceHandle);
}
cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return with_stream(handle, [](const auto& stream) {
    streams().finish(stream);
    return cudaSuccess;
  });
}
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  const auto stream = streams().find(handle);
  return stream ? answer(streams().query(stream)) : report(cudaErrorInvalidResourceHandle);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event_handle, unsigned) {
  return with_stream(handle, [event_handle](const auto& stream) {
    return with_event(event_handle, [&stream](const Event& event) {
      streams().wait(stream, event);
      return cudaSuccess;
    });
  });
}
cudaError_t cudaStreamGetFlags(cudaStream_t handle, unsigned* flags) {
  return with_stream(handle, [flags](const auto& stream) {
    if (!flags) return cudaErrorInvalidValue;
    *flags = stream->blocking ? cudaStreamDefault : cudaStreamNonBlocking;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamGetPriority(cudaStream_t handle, int* priority) {
  return with_stream(handle, [priority](const auto& stream) {
    if (!priority) return cudaErrorInvalidValue;
    *priority = stream->priority;
    return cudaSuccess;
  });
}
cudaError_t cudaLaunchHostFunc(cudaStream_t handle, cudaHostFn_t function, void* data) {
  if (!function) return report(cudaErrorInvalidValue);
  return with_stream(handle, [function, data](const auto& stream) {
    streams().queue(stream, [function, data] { function(data); });
    return cudaSuccess;
  });
}
cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return with_stream(handle, [status](const auto&) {
    if (!status) return cudaErrorInvalidValue;
    *status = cudaStreamCaptureStatusNone;
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  constexpr unsigned known = cudaEventBlockingSync | cudaEventDisableTiming;
  if (!event || (flags & ~known)) return report(cudaErrorInvalidValue);
  *event = streams().create_event(!(flags & cudaEventDisableTiming));
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return report(streams().destroy_event(event) ? cudaSuccess : cudaErrorInvalidResourceHandle);
}
cudaError_t cudaEventRecord(cudaEvent_t event_handle, cudaStream_t handle) {
  return with_stream(handle, [event_handle](const auto& stream) {
    return with_event(event_handle, [&stream](Event& event) {
      streams().record(event, stream);
      return cudaSuccess;
    });
  });
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned) {
  return cudaEventRecord(event, stream);
}
cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  return with_event(handle, [](const Event& event) {
    streams().finish(event);
    return cudaSuccess;
  });
}
cudaError_t cudaEventQuery(cudaEvent_t handle) {
  const auto event = streams().find_event(handle);
  return event ? answer(streams().query(*event)) : report(cudaErrorInvalidResourceHandle);
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  if (!milliseconds) return report(cudaErrorInvalidValue);
  const auto first = streams().find_event(start), last = streams().find_event(end);
  const auto usable = [](const auto& event) { return event && event->timed && event->recorded; };
  if (!usable(first) || !usable(last)) return report(cudaErrorInvalidResourceHandle);
  if (!first->recorded->done || !last->recorded->done) return cudaErrorNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(*last->time - *first->time).count();
  return cudaSuccess;
}

}  // extern "C"
