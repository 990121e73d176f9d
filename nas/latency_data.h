// Measured latencies of architectures: a CSV of genes and milliseconds with a JSON file that says how they
// were measured.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mos/space.h"
#include "nas/append_file.h"

namespace mosaic::nas {

// One measurement of one architecture; an architecture may be measured several times.
struct LatencyRow {
  mos::Arch arch;
  double encoder_ms = 0, decoder_ms = 0;
  double latency_ms = 0;      // mean over the kept repeats, what a predictor learns
  double latency_ms_std = 0;  // deviation of one repeat
  int64_t repeats = 1;        // kept repeats behind the mean
};

struct LatencyData {
  json measured;  // device, threads, protocol: whatever the measurer recorded
  std::vector<LatencyRow> rows;
  std::vector<std::string> warnings;  // "values 1500 times apart: are the units mixed?"
};

// The CSV's columns: one a gene ("encoder.embed", "decoder.ffn.0", ...; 0 in inactive layers), then
// encoder_ms, decoder_ms, latency_ms, latency_ms_std, repeats.
std::vector<std::string> latency_columns(const mos::Space& space);

// Reads NAME.csv and NAME.json beside it. FormatError names file and line for anything but the exact columns,
// plain decimal numbers, positive finite latencies and architectures of the space.
LatencyData load_latency_data(const std::filesystem::path& csv, const mos::Space& space);

// Appends measurements; each row is on disk when append() returns. An existing data set of the same space and
// measuring conditions is continued (load it first to see what is there); another is refused.
class LatencyWriter {
 public:
  LatencyWriter(const std::filesystem::path& csv, mos::Space space, const json& measured);
  void append(const LatencyRow& row);
  // The number of rows in the file.
  int64_t rows() const { return rows_; }

 private:
  mos::Space space_;
  std::unique_ptr<AppendFile> file_;
  int64_t rows_ = 0;
};

}  // namespace mosaic::nas
