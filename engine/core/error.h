// Exceptions with what was given, what was expected and where; the module path behind "in encoder.layers.3".
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace mosaic {

// Base of every exception Mosaic throws. what() reads "[op] message, in module.path".
class Error : public std::runtime_error {
 public:
  Error(std::string op, const std::string& message);
  // The operation, file or option that refused ("linear", "corpus.de:17", "--threads").
  const std::string& op() const { return op_; }
  // What is wrong, without op and path.
  const std::string& message() const { return message_; }
  // The module path at the time of the throw; empty outside modules.
  const std::string& path() const { return path_; }

 private:
  Error(std::string op, std::string path, const std::string& message);
  std::string op_, path_, message_;
};

struct ShapeError : Error {
  using Error::Error;
};  // sizes that do not fit together
struct DtypeError : Error {
  using Error::Error;
};  // element types that do not fit
struct DeviceError : Error {
  using Error::Error;
};  // tensors on different or missing devices
struct ArgumentError : Error {
  using Error::Error;
};  // a value outside its range, a wrong option
struct GradError : Error {
  using Error::Error;
};  // misuse of automatic differentiation
struct FormatError : Error {
  using Error::Error;
};  // a file that is not what it should be
struct ResourceError : Error {
  using Error::Error;
};  // memory, disk, files that cannot be had
struct BackendError : Error {
  using Error::Error;
};  // a device library failed
struct Interrupted : Error {
  using Error::Error;
};  // the user asked to stop; work was saved

// All parts written one after another: cat("x ", 3, " of ", shape).
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// Throws E(op, cat(parts...)) unless ok; the message is only formatted on failure.
template <class E = ArgumentError, class... Parts>
void check(bool ok, const char* op, const Parts&... parts) {
  if (!ok) [[unlikely]]
    throw E(op, cat(parts...));
}

// One frame of the module path of this thread. Frames are linked, nothing is copied or formatted until an
// error or a graph node asks; `name` must outlive the scope.
class Scope {
 public:
  explicit Scope(const std::string& name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // The innermost frame's name ("decoder.layers.3.ffn.fc1"), empty when no module is running. Names are
  // absolute (assigned once from the root by nn::name_modules), so the innermost one is the whole path.
  static const std::string& path();

 private:
  const std::string* name_;
  Scope* outer_;
};

}  // namespace mosaic
