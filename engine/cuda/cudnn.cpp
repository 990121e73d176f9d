#include "engine/cuda/cudnn.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

#include "engine/cuda/runtime.h"

namespace mosaic::cuda {
namespace {

constexpr const char* op = "cudnn";

// What is known of the library.
struct Known {
  std::mutex mutex;  // of all below, and held by sessions
  SymbolSource installed = nullptr;
  bool looked = false;
  std::optional<Cudnn> table;            // null after a look in vain
  std::map<int, cudnnHandle_t> handles;  // of devices
};
Known& known() {
  static Known& all = *new Known;  // never destroyed: the library may be gone by then
  return all;
}

bool wanted_at_first() {
  const char* word = std::getenv("MOSAIC_CUDNN");
  if (word == nullptr || *word == '\0') return true;
  const std::string_view text = word;
  check(text == "0" || text == "1", "MOSAIC_CUDNN", "must be 0 or 1, got '", text, "'");
  return text == "1";
}

std::atomic<bool>& wanted() {
  static std::atomic<bool> value{wanted_at_first()};
  return value;
}

void say_why_not(const std::string& why) {
  std::fprintf(stderr, "%s; our own convolutions, pools and batch norms run\n", why.c_str());
}

const Cudnn* look(Known& all) {
  if (all.looked) return all.table ? &*all.table : nullptr;
  all.looked = true;
  try {
    return &all.table.emplace(cudnn_from(all.installed
                                             ? Symbols(all.installed)
                                             : load_library(cat("libcudnn.so.", CUDNN_MAJOR), op, "cuDNN")));
  } catch (const BackendError& error) {
    say_why_not(error.what());
    return nullptr;
  }
}

// Null, and cuDNN no longer wanted, when it cannot work here: a part of it is missing, or of another version.
cudnnHandle_t make_handle(const Cudnn& library) {
  cudnnHandle_t handle = nullptr;
  try {
    check_cudnn(library, library.create(&handle), op, "a handle");
    check_cudnn(library, library.set_stream(handle, stream()), op, "the stream");
    return handle;
  } catch (const BackendError& error) {
    say_why_not(error.what());
  } catch (const NotSupported&) {
    say_why_not("[cudnn] this GPU or its driver is not supported");
  }
  want_cudnn(false);
  return nullptr;
}

}  // namespace

Cudnn cudnn_from(const Symbols& symbols) {
  Cudnn t;
#define MOSAIC_CUDNN_FIND(member, function) find(symbols, op, #function, t.member);
  MOSAIC_CUDNN_FUNCTIONS(MOSAIC_CUDNN_FIND)
#undef MOSAIC_CUDNN_FIND
  const size_t version = t.version();
  check<BackendError>(version / 10000 == CUDNN_MAJOR, op, "the library is version ", version, ", not ",
                      CUDNN_MAJOR, "0000 or later of ", CUDNN_MAJOR);
  return t;
}

const Cudnn* cudnn() {
  if (!wanted()) return nullptr;
  Known& all = known();
  const std::lock_guard lock(all.mutex);
  return look(all);
}

void install_cudnn(SymbolSource symbol) {
  Known& all = known();
  const std::lock_guard lock(all.mutex);
  all.installed = symbol;
  all.looked = false;
  all.table.reset();
  all.handles.clear();
}

bool want_cudnn(bool now) {
  return wanted().exchange(now);
}

void throw_cudnn(const Cudnn& library, cudnnStatus_t status, const char* where, const std::string& what) {
  if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED) throw NotSupported{};
  char details[512] = "";
  library.last_error_string(details, sizeof details);
  throw BackendError(
      where, cat("cuDNN refused ", what, ": ", library.error_string(status), *details ? ", " : "", details));
}

std::optional<CudnnSession> CudnnSession::begin() {
  if (!wanted()) return std::nullopt;
  Known& all = known();
  std::unique_lock lock(all.mutex);
  const Cudnn* library = look(all);
  if (library == nullptr) return std::nullopt;
  const int device = current_device();
  cudnnHandle_t& handle = all.handles[device];
  if (handle == nullptr) handle = make_handle(*library);
  if (handle == nullptr) return std::nullopt;
  return CudnnSession(*library, handle, device, std::move(lock));
}

}  // namespace mosaic::cuda
