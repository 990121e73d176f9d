#include "engine/core/error.h"

namespace mosaic {
namespace {
thread_local Scope* innermost = nullptr;
const std::string nowhere;
}  // namespace

Error::Error(std::string op, const std::string& message) : Error(std::move(op), Scope::path(), message) {}

Error::Error(std::string op, std::string path, const std::string& message)
    : std::runtime_error(cat('[', op, "] ", message, path.empty() ? "" : ", in ", path)),
      op_(std::move(op)),
      path_(std::move(path)),
      message_(message) {}

Scope::Scope(const std::string& name) : name_(&name), outer_(innermost) {
  innermost = this;
}
Scope::~Scope() {
  innermost = outer_;
}

const std::string& Scope::path() {
  for (const Scope* scope = innermost; scope; scope = scope->outer_) {
    if (!scope->name_->empty()) return *scope->name_;
  }
  return nowhere;
}

}  // namespace mosaic
