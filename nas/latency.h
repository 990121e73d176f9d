// How long a translation takes on this machine: one sentence, the collapsed static model, evaluation mode.
#pragma once

#include <functional>

#include "nas/latency_data.h"
#include "nn/models/transformer.h"

namespace mosaic::mos {
class Supernet;
}

namespace mosaic::nas {

// decoding: encoder and beam search as users run them: embedding, every layer, vocabulary projection, top-k
// and cache reordering, for exactly target_length steps. hat: the steps of HAT's tool, without any search:
// `beam` rows are fed a fixed prefix (it also timed dropout and graph building, which are off here).
enum class LatencyProtocol { decoding, hat };
const char* protocol_name(LatencyProtocol protocol);      // "decoding", "hat"
LatencyProtocol protocol_named(const std::string& name);  // ArgumentError for another word

struct LatencyOptions {
  LatencyProtocol protocol = LatencyProtocol::decoding;
  int64_t source_length = 30, target_length = 30;  // tokens, ends included
  int64_t beam = 4;
  int64_t warmup = 3;    // runs before the timed ones
  int64_t repeats = 20;  // timed runs
  double trim = 0.1;     // of the repeats: int(trim n) fastest and max(1, int(trim n)) slowest are dropped
  // HAT's tool has beam 5 and 5 warm-up runs.
  static LatencyOptions hat();
};

struct Latency {
  double encoder_ms = 0, decoder_ms = 0;
  double total_ms = 0;  // encoder + decoder
  double std_ms = 0;    // deviation of one kept repeat's total
  int64_t repeats = 0;  // kept
};

// What `hat` and `decoding` share: the mean of x without its fastest and slowest, by the rule of
// LatencyOptions. `kept` receives the values averaged. ArgumentError when nothing would be left.
double trimmed_mean(std::vector<double> x, double trim, std::vector<double>* kept = nullptr);

// On the device that the model is on. ArgumentError for lengths, beams or repeats below one. Timings depend
// on sizes only, so the weights may be random.
Latency measure_latency(const nn::Seq2Seq& model, const LatencyOptions& options = {});

// Device, threads, instruction set, data type and every option: what a latency means. Data of other
// conditions must not be mixed with it.
json latency_conditions(const LatencyOptions& options, int64_t target_vocabulary, Device device = cpu());

// Fills a data set: `archs` in order, then the first `repeated` of them again (measurements of one
// architecture at different times tell the noise). Rows already in the file are taken as done, so an
// interrupted run goes on. Calls progress(rows done, rows in all) after each; stops early when it returns
// false. Returns the rows now in the file.
int64_t measure_latencies(mos::Supernet& supernet, const std::vector<mos::Arch>& archs, int64_t repeated,
                          const LatencyOptions& options, const std::filesystem::path& csv,
                          const std::function<bool(int64_t, int64_t)>& progress = {});

}  // namespace mosaic::nas
