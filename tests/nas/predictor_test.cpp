// Latency predictors: exact on data of their own form, right about depth on HAT-like data, and saved
// completely.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/file.h"
#include "nas/predictor.h"
#include "nas_support.h"

using namespace mosaic;
using namespace mosaic::nas;
using mosaic::mos::Space;
using mosaic::mos::space_named;

namespace {

// Like HAT's GPU measurements: about 40 ms a decoder layer, little from anything else, and noise.
LatencyData hat_like(const Space& space, int64_t n, double noise, int64_t repeats_of_each = 1) {
  Generator g(17);
  LatencyData out{.measured = {{"device", "synthetic"}}, .rows = {}, .warnings = {}};
  for (int64_t i = 0; i < n; ++i) {
    const mos::Arch arch = space.sample(g);
    for (int64_t k = 0; k < repeats_of_each; ++k) {
      double decoder = 15 + 40 * arch.value("decoder.layers") + 0.01 * (arch.value("decoder.embed") - 512);
      for (const double f : arch.values("decoder.ffn")) decoder += 0.001 * f;
      const double encoder = 6 + 0.2 * g.uniform();
      decoder += noise * g.normal();
      out.rows.push_back({arch, encoder, decoder, encoder + decoder, 2, 16});
    }
  }
  return out;
}

}  // namespace

TEST_CASE("on HAT-like data the predictor orders decoder depths strictly") {
  const Space space = space_named("wmt");
  PredictorOptions options;
  options.mlp = {.hidden = {32}, .steps = 600};
  options.encodings = {mos::Encoding::coarse};
  const LatencyData data = hat_like(space, 400, 4);
  for (const char* kind : {"linear", "quadratic", "mlp"}) {
    CAPTURE(std::string(kind));
    options.kinds = {kind};
    const Predictor p = fit_predictor(space, data, options);
    Generator g(3);
    for (int i = 0; i < 50; ++i) {
      mos::Genes genes = space.sample_genes(g);
      double before = 0;
      for (double depth = 1; depth <= 6; ++depth) {
        genes[15] = depth;
        const double now = p(space.from_genes(genes));
        CHECK(now > before + 10);
        before = now;
      }
    }
    CHECK(p.report().candidates[0].accuracy.kendall > 0.8);
    CHECK(p.report().candidates[0].accuracy.rmse < 8);
    CHECK(p.report().candidates[0].accuracy.mape < 5);
  }
}

TEST_CASE("the form is chosen by cross-validation and the noise floor is reported") {
  const Space space = space_named("tiny");
  PredictorOptions options;
  options.mlp = {.hidden = {16}, .steps = 200};
  // Linear in the fine encoding, so no other form can be better than by chance; 2 measurements of each.
  const LatencyData data = hat_like(space, 150, 0.5, 2);
  const Predictor p = fit_predictor(space, data, options);
  const PredictorReport& r = p.report();
  CHECK(r.candidates.size() == 6);
  CHECK(r.candidates[0].kind != "mlp");
  for (size_t i = 1; i < r.candidates.size(); ++i)
    CHECK(r.candidates[i].accuracy.rmse >= r.candidates[i - 1].accuracy.rmse);
  CHECK(r.rows == 300);
  CHECK((r.architectures > 140 && r.architectures <= 150));
  CHECK(r.noise_between_measurements);
  CHECK(r.noise_ms == doctest::Approx(0.5).epsilon(0.2));
  CHECK(r.candidates[0].accuracy.rmse < 2 * r.noise_ms);
  CHECK(r.text().find("taken") != std::string::npos);
  CHECK(!r.notices.empty());  // encoder.layers is the same everywhere
  const PredictorReport single = fit_predictor(space, hat_like(space, 60, 0.5), options).report();
  CHECK(!single.noise_between_measurements);
  CHECK(single.noise_ms == doctest::Approx(2.0 / 4));  // deviation 2 ms over sqrt(16) repeats
  CHECK(fit_predictor(space, hat_like(space, 60, 0), options).report().top_ten_has_best);
}

TEST_CASE("quadratic data are fitted exactly by the quadratic form, linear data by the linear one") {
  Generator g(1);
  Table x;
  std::vector<double> linear, quadratic;
  for (int i = 0; i < 60; ++i) {
    const std::vector<double> row = {g.uniform(), 3 * g.uniform(), 7, g.normal()};
    x.add(row);
    linear.push_back(5 + 2 * row[0] - row[3]);
    quadratic.push_back(1 + row[0] * row[1] - row[3] * row[3]);
  }
  const auto a = fit_ridge(x, linear, false, {1e-9}), b = fit_ridge(x, quadratic, true, {1e-9});
  for (size_t i = 0; i < linear.size(); ++i) {
    CHECK(a[0]->predict(x.row(i)) == doctest::Approx(linear[i]).epsilon(1e-6));
    CHECK(b[0]->predict(x.row(i)) == doctest::Approx(quadratic[i]).epsilon(1e-5));
  }
  CHECK(ridge_columns(x, false) == 3);  // the constant column is dropped
  CHECK(ridge_columns(x, true) == 9);
}

TEST_CASE("the MLP's steps follow the gradient of its loss") {
  Generator g(4);
  Table x;
  std::vector<double> y;
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> row = {2 * g.uniform() - 1, 2 * g.uniform() - 1};
    x.add(row);
    y.push_back(100 + 10 * std::abs(row[0]) + 5 * row[0] * row[1]);
  }
  const MlpOptions options = {.hidden = {24, 24}, .steps = 2500, .batch = 32, .rate = 5e-3};
  const auto mlp = fit_mlp(x, y, options, Generator(8)), again = fit_mlp(x, y, options, Generator(8));
  double worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    worst = std::max(worst, std::abs(mlp->predict(x.row(i)) - y[i]));
    CHECK(mlp->predict(x.row(i)) == again->predict(x.row(i)));
  }
  CHECK(worst < 0.7);  // the data span 20
}

TEST_CASE("few, constant and repeated rows are handled, nonsense is refused") {
  const Space space = space_named("tiny");
  PredictorOptions options;
  options.mlp = {.hidden = {4}, .steps = 20};
  const Predictor two = fit_predictor(space, hat_like(space, 2, 0), options);
  CHECK(std::isfinite(two(space.largest())));
  bool told = false;
  for (const std::string& n : two.report().notices) told |= n.find("ridge penalty") != std::string::npos;
  CHECK(told);
  CHECK(!refusal([&] { fit_predictor(space, hat_like(space, 1, 0, 5), options); }).empty());
  options.kinds = {"forest"};
  CHECK(!refusal([&] { fit_predictor(space, hat_like(space, 5, 0), options); }).empty());
  CHECK(!refusal([&] { fit_predictor(space, hat_like(space_named("wmt"), 5, 0)); }).empty());
}

TEST_CASE("a predictor is saved and loaded to the last bit, and damage is refused") {
  const TestFolder folder("predictor");
  const Space space = space_named("tiny");
  const auto file = folder / "predictor.json";
  PredictorOptions options;
  options.mlp = {.hidden = {8, 4}, .steps = 50};
  for (const char* kind : {"linear", "quadratic", "mlp"})
    for (const mos::Encoding encoding : {mos::Encoding::coarse, mos::Encoding::fine}) {
      options.kinds = {kind};
      options.encodings = {encoding};
      const Predictor p = fit_predictor(space, hat_like(space, 40, 1), options);
      p.save(file);
      const Predictor q = Predictor::load(file, space);
      Generator g(6);
      for (int i = 0; i < 20; ++i) {
        const mos::Arch arch = space.sample(g);
        CHECK(p(arch) == q(arch));
      }
      CHECK(q.report().to_json() == p.report().to_json());
      CHECK(q.measured() == p.measured());
      CHECK(!refusal([&] { Predictor::load(file, space_named("nano")); }).empty());
      const json whole = load_json(file);
      const auto refused = [&](auto change) {
        json bad = whole;
        change(bad);
        save_json(file, bad);
        CHECK(refusal([&] { Predictor::load(file, space); }).find("predictor.json") != std::string::npos);
      };
      refused([](json& f) { f["version"] = 2; });
      refused([](json& f) { f["model"].erase("kind"); });
      refused([](json& f) { f["model"]["extra"] = 1; });
      refused([&](json& f) { f["encoding"] = encoding == mos::Encoding::coarse ? "fine" : "coarse"; });
      if (whole["model"]["kind"] == "mlp")
        refused([](json& f) { f["model"]["layers"][0]["weight"].erase(0); });
      else
        refused([](json& f) { f["model"]["weights"].erase(0); });
    }
}
