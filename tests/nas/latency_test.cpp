#include "nas/latency.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include "tests/support/translation.h"

namespace mosaic::test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("trimmed mean: int(0.1 n) lowest and at least one highest are dropped") {
  std::vector<double> x, kept;
  for (int i = 20; i >= 1; --i) x.push_back(i);
  x[0] = 1e6;  // the slowest
  CHECK(nas::trimmed_mean(x, 0.1, &kept) == doctest::Approx(10.5));
  CHECK(kept.size() == 16);
  CHECK(nas::trimmed_mean({5, 1, 3}, 0.1) == 2);
  CHECK(nas::trimmed_mean({5, 1, 3}, 0) == 3);
  CHECK_THROWS_AS(nas::trimmed_mean({5}, 0.1), ArgumentError);
}

TEST_CASE("latencies of a model, by both protocols") {
  mos::Supernet supernet = nano_supernet(mixture(mos::Routing::per_layer));
  const auto model = supernet.extract(supernet.space().largest());
  nas::LatencyOptions options{.source_length = 8, .target_length = 6, .beam = 3, .warmup = 1, .repeats = 5};
  for (const auto protocol : {nas::LatencyProtocol::decoding, nas::LatencyProtocol::hat}) {
    options.protocol = protocol;
    const nas::Latency latency = nas::measure_latency(*model, options);
    CHECK(latency.encoder_ms > 0);
    CHECK(latency.decoder_ms > 0);
    CHECK(latency.total_ms == doctest::Approx(latency.encoder_ms + latency.decoder_ms));
    CHECK(latency.std_ms >= 0);
    CHECK(latency.repeats == 4);
  }
  options.beam = 0;
  CHECK_THROWS_AS(nas::measure_latency(*model, options), ArgumentError);
  const json conditions = nas::latency_conditions(nas::LatencyOptions::hat(), vocabulary);
  CHECK(conditions["beam"] == 5);
  CHECK(conditions["threads"] == threads());
}

TEST_CASE("a data set is continued where it was left") {
  const fs::path folder = fs::temp_directory_path() / cat("mosaic-latency-test-", ::getpid());
  fs::remove_all(folder);
  mos::Supernet supernet = nano_supernet({});
  const std::vector<mos::Arch> archs = some_archs(supernet.space(), 2);
  const nas::LatencyOptions options{
      .source_length = 5, .target_length = 4, .beam = 2, .warmup = 0, .repeats = 3};
  const fs::path csv = folder / "latency.csv";
  const auto until = [](int64_t rows) { return [rows](int64_t done, int64_t) { return done < rows; }; };
  CHECK(nas::measure_latencies(supernet, archs, 2, options, csv, until(3)) == 3);
  CHECK(nas::measure_latencies(supernet, archs, 2, options, csv) == 6);
  const nas::LatencyData data = nas::load_latency_data(csv, supernet.space());
  REQUIRE(data.rows.size() == 6);
  for (size_t i = 0; i < 6; ++i) CHECK(data.rows[i].arch == archs[i % 4]);
  CHECK(data.measured["protocol"] == "decoding");
  CHECK_THROWS(nas::measure_latencies(supernet, archs, 2, nas::LatencyOptions::hat(), csv));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace mosaic::test
