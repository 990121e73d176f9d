// The table of ops on CUDA beside the CPU, and the checks of products, memory and training.
#include <doctest/doctest.h>

#include "apps/checks/device_checks.h"
#include "tests/cuda/cudnn_switch.h"

using namespace mosaic;
using namespace mosaic::checks;

namespace {

const Device device{DeviceKind::cuda, 0};

void check_all(const CaseReport& report) {
  for (const std::string& failure : report.failures) FAIL_CHECK(failure);
}

}  // namespace

// A case that reaches cuDNN goes through all of it a second time, by our own kernels.
TEST_CASE("cuda: every case of the table is the CPU's") {
  for (const OpCase& c : op_cases()) {
    CAPTURE(c.name);
    const uint64_t before = test::cudnn_calls();
    check_all(check_on_device(c, device));
    if (test::cudnn_calls() == before) continue;
    INFO("without cuDNN");
    const test::WithoutCudnn off;
    check_all(check_on_device(c, device));
  }
}

TEST_CASE("cuda: products are those of loops, memory holds what was put into it") {
  check_all(check_products(device, Level::full));
  check_all(check_memory(device, Level::quick));
}

TEST_CASE("cuda: a kernel that writes beyond its tensor is found by the bands") {
  const OpCase wrong{.name = "too far",
                     .inputs = {{3, 5}},
                     .run =
                         [](const Tensors& t) {
                           const Tensor y = square(t[0]);
                           // One element more than the tensor has, within the allocator's rounding.
                           fill_(y.with_layout({y.numel() + 1}, dense_strides({y.numel() + 1}), 0), 1);
                           return y;
                         },
                     .differentiable = false};
  const CaseReport report = check_on_device(wrong, device, Level::quick);
  bool found = false;
  for (const std::string& failure : report.failures)
    found |= failure.find("after a block") != std::string::npos;
  CHECK(found);
}
