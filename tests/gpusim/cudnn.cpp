// cuDNN's handles and errors, and how its computations reach a stream.
#include "tests/gpusim/cudnn.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tests/gpusim/library_memory.h"
#include "tests/gpusim/memory.h"
#include "tests/gpusim/objects.h"
#include "tests/gpusim/simulator.h"
#include "tests/gpusim/streams.h"

namespace gpusim {
namespace {

thread_local std::string refusal;
std::atomic<uint64_t> calls{0};

}  // namespace

const std::string& cudnn_refusal() {
  return refusal;
}
uint64_t cudnn_calls() {
  return calls;
}

namespace dnn {
namespace {

cudnnStatus_t refuse(cudnnStatus_t status, const std::string& why) {
  refusal = why;
  const char* level = std::getenv("CUDNN_LOGLEVEL_DBG");
  if (level && std::atoi(level) >= 1) std::fprintf(stderr, "[gpusim] cuDNN: %s\n", why.c_str());
  return status;
}

size_t version() {
  return CUDNN_VERSION;
}

const char* error_string(cudnnStatus_t status) {
  switch (CUDNN_STATUS_CATEGORY(status)) {
    case CUDNN_STATUS_SUCCESS:
      return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM:
      return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
      return "CUDNN_STATUS_NOT_SUPPORTED";
    default:
      return "CUDNN_STATUS_NOT_INITIALIZED";
  }
}

void last_error_string(char* message, size_t room) {
  if (room > 0) message[refusal.copy(message, room - 1)] = '\0';
}

cudnnStatus_t create(cudnnHandle_t* handle) {
  if (!handle) return bad("no place for a handle");
  Objects<Context>::instance().add(handle, {});
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t destroy(cudnnHandle_t handle) {
  return Objects<Context>::instance().remove(handle) ? CUDNN_STATUS_SUCCESS
                                                     : bad("what is destroyed is not there");
}

cudnnStatus_t set_stream(cudnnHandle_t handle, cudaStream_t stream) {
  Context* context = Objects<Context>::instance().find(handle);
  if (!context) return bad("no handle");
  if (!Streams::instance().find(stream)) return bad("no such stream");
  context->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

bool overlap(const Operand& a, const Operand& b) {
  const auto *p = static_cast<const std::byte*>(a.data), *q = static_cast<const std::byte*>(b.data);
  return p < q + b.bytes && q < p + a.bytes;
}

void check_operands(const char* function, const std::vector<Operand>& operands) {
  for (const Operand& o : operands) {
    require_live(function, o.name, o.data, o.bytes);
    if (o.read) require_written(function, o.name, o.data, o.bytes);
    for (const Operand& other : operands) {
      if (&o != &other && o.written && (other.read || other.written) && overlap(o, other)) {
        library_fault(function, other.name + " overlaps " + o.name + ", which is written");
      }
    }
  }
}

}  // namespace

cudnnStatus_t bad(const std::string& why, cudnnStatus_t status) {
  return refuse(status, why);
}
cudnnStatus_t unsupported(const std::string& why) {
  return refuse(CUDNN_STATUS_NOT_SUPPORTED, why);
}

const Context* find(cudnnHandle_t handle) {
  return Objects<Context>::instance().find(handle);
}

double factor(const void* value, int type) {
  return type == CUDNN_DATA_DOUBLE ? *static_cast<const double*>(value)
                                   : static_cast<double>(*static_cast<const float*>(value));
}

cudnnStatus_t queue(const char* function, cudnnHandle_t handle, std::vector<Operand> operands,
                    std::function<void()> work) {
  const Context* context = find(handle);
  if (!context) return bad("no handle");
  for (const Operand& o : operands) {
    if (!o.data) return bad(o.name + " is null", CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
  }
  const auto stream = Streams::instance().find(context->stream);
  if (!stream) return bad("the handle's stream is gone");
  ++calls;
  Streams::instance().queue(stream, [function, operands = std::move(operands), work = std::move(work)] {
    check_operands(function, operands);
    work();
    for (const Operand& o : operands) {
      if (o.written) Memory::device().mark_written(o.data, o.bytes);
    }
  });
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace dnn

void* cudnn_symbol(const char* name) {
  const std::string_view wanted = name;
  if (wanted == "cudnnGetVersion") return reinterpret_cast<void*>(dnn::version);
  if (wanted == "cudnnGetErrorString") return reinterpret_cast<void*>(dnn::error_string);
  if (wanted == "cudnnGetLastErrorString") return reinterpret_cast<void*>(dnn::last_error_string);
  if (wanted == "cudnnCreate") return reinterpret_cast<void*>(dnn::create);
  if (wanted == "cudnnDestroy") return reinterpret_cast<void*>(dnn::destroy);
  if (wanted == "cudnnSetStream") return reinterpret_cast<void*>(dnn::set_stream);
  for (const auto part :
       {dnn::descriptor_symbol, dnn::conv_symbol, dnn::pool_symbol, dnn::batch_norm_symbol}) {
    if (void* const function = part(name)) return function;
  }
  return nullptr;
}

}  // namespace gpusim
