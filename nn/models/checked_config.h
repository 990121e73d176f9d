// What reading a model's configuration from a file ends with.
#pragma once

#include <string>

#include "engine/core/error.h"

namespace mosaic::nn {

// config.validate(), whose ArgumentError becomes a FormatError that names `where`, the file, in place of the
// config.
template <class Config>
void validate_read(const Config& config, const std::string& where) {
  try {
    config.validate();
  } catch (const ArgumentError& error) {
    const std::string text = error.what();  // "[transformer config] message"
    throw FormatError(where, text.substr(text.find("] ") + 2));
  }
}

}  // namespace mosaic::nn
