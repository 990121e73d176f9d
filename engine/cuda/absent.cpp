// Stands in for the backend in a build without CUDA.
#include "engine/cuda/backend.h"

namespace mosaic::cuda {

const Backend* backend() {
  return nullptr;
}

}  // namespace mosaic::cuda
