// Page-locked memory of the host. Copies from and to it run without the host; other memory is staged.
#pragma once

#include <cstddef>

namespace gpusim {

// Whether all of the range was allocated or registered as page-locked.
bool page_locked(const void* address, size_t bytes);

}  // namespace gpusim
