// Training with activations in half types: losses beside f32's, and f16's loss scale.
#include "tests/nas/trainer_support.h"

namespace mosaic::test {

TEST_CASE("half precision learns what f32 does, and resumes with its loss scale") {
  const auto train = [](DType precision, const std::vector<int64_t>& stops) {
    TemporaryFolder folder;
    std::pair<double, nn::StateDict> result;
    for (const int64_t stop : stops) {
      TrainerOptions options = quick_options(stop);
      options.directory = folder.path();
      options.precision = precision;
      Rig rig(options);
      if (stop != stops.front()) REQUIRE(rig.trainer.resume());
      while (rig.trainer.updates() < stop) result.first = rig.trainer.train_update().all.mean();
      rig.trainer.save();
      result.second = weights(rig.supernet);
    }
    return result;
  };
  const double full = train(f32, {12}).first;
  for (const DType precision : {bf16, f16}) {
    CAPTURE(precision);
    const auto whole = train(precision, {12}), parts = train(precision, {5, 12});
    CHECK(whole.first == doctest::Approx(full).epsilon(0.02));  // f16 skips updates until its scale fits
    check_same(parts.second, whole.second);
  }
}

TEST_CASE("f16: a gradient that overflows costs an update and halves the loss scale") {
  TrainerOptions options = quick_options(5);
  options.precision = f16;
  Rig rig(options);
  const nn::Checkpoint begin = rig.trainer.checkpoint();
  CHECK(begin.state["loss_scale"]["scale"] == 65536);
  nn::Checkpoint high = begin;
  high.state["loss_scale"]["scale"] = 16777216;  // 2^24 times the gradient of a token is beyond 65504
  rig.trainer.restore(high);
  const nn::StateDict before = weights(rig.supernet);
  const nas::UpdateReport report = rig.trainer.train_update();
  CHECK(report.skipped);
  check_same(weights(rig.supernet), before);
  CHECK(rig.trainer.checkpoint().state["loss_scale"]["scale"] == 8388608);
  for (int i = 0; i < 20 && rig.trainer.train_update().skipped;) ++i;
  CHECK_FALSE(rig.trainer.train_update().skipped);
  options.precision = i32;
  CHECK_THROWS_AS(Rig{options}, DtypeError);
}

}  // namespace mosaic::test
