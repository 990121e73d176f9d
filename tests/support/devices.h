// Cases that hold on every device there is: the CPU and, in programs that are linked with the simulator, its
// GPU. Such a case's name ends with "on every device": the simulated programs run just those of the files
// they share.
#pragma once

#include <doctest/doctest.h>

#include "engine/core/device.h"

namespace mosaic::test {

template <class F>
void for_each_device(const F& f) {
  for (const DeviceKind kind : {DeviceKind::cpu, DeviceKind::cuda}) {
    const Device device{kind, 0};
    if (!available(device)) continue;
    CAPTURE(device);
    f(device);
  }
}

}  // namespace mosaic::test
