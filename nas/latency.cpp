#include "nas/latency.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <numeric>

#include "engine/autograd/node.h"
#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"
#include "engine/ops/packed_linear.h"
#include "mos/supernet.h"
#include "nas/statistics.h"
#include "nn/decode/decode.h"

namespace mosaic::nas {

namespace {

constexpr int32_t filler = 7;  // the word HAT's tool repeats

double milliseconds(Device device, const std::function<void()>& run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  synchronize(device);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown";
}

int32_t filler_of(const nn::Seq2Seq& model) {
  const auto& c = model.config();
  return static_cast<int32_t>(
      std::min<int64_t>(filler, std::min(c.source_vocabulary, c.target_vocabulary) - 1));
}

// HAT's: the end of a sentence, then one word over and over {1, length}.
Tensor source_sentence(const nn::Seq2Seq& model, int64_t length) {
  std::vector<int32_t> ids(static_cast<size_t>(length), filler_of(model));
  ids[0] = static_cast<int32_t>(model.config().eos);
  return Tensor::from(std::span<const int32_t>(ids), {1, length});
}

void search(const nn::Seq2Seq& model, const Tensor& source, const LatencyOptions& o) {
  // The end is forbidden until the last step and forced there: every hypothesis makes exactly target_length
  // steps.
  nn::beam_search(
      model, source,
      {.beam = o.beam,
       .length = {.source_factor = 0, .max_length = o.target_length - 1, .min_length = o.target_length - 1}});
}

void fixed_steps(const nn::Seq2Seq& model, const nn::EncoderOutput& encoded, const LatencyOptions& o) {
  std::vector<nn::DecoderLayerCache> caches = model.start(encoded);
  const Tensor words = Tensor::full({o.beam}, filler_of(model), i32);
  const Tensor ends = Tensor::full({o.beam}, static_cast<double>(model.config().eos), i32);
  for (int64_t t = 0; t < o.target_length; ++t) model.step(t + 1 < o.target_length ? words : ends, t, caches);
}

}  // namespace

const char* protocol_name(LatencyProtocol protocol) {
  return protocol == LatencyProtocol::hat ? "hat" : "decoding";
}

LatencyProtocol protocol_named(const std::string& name) {
  check(name == "decoding" || name == "hat", "latency protocol", "\"", name,
        "\" is not one of decoding, hat");
  return name == "hat" ? LatencyProtocol::hat : LatencyProtocol::decoding;
}

LatencyOptions LatencyOptions::hat() {
  return {.protocol = LatencyProtocol::hat, .beam = 5, .warmup = 5, .repeats = 300};
}

double trimmed_mean(std::vector<double> x, double trim, std::vector<double>* kept) {
  check(trim >= 0 && trim < 0.5, "trimmed_mean", "trim must be in [0, 0.5), got ", trim);
  const auto n = static_cast<int64_t>(x.size());
  const auto low = static_cast<int64_t>(trim * static_cast<double>(n));
  const int64_t high = trim == 0 ? 0 : std::max<int64_t>(1, low);
  check(n > low + high, "trimmed_mean", "nothing is left of ", n, " values");
  std::sort(x.begin(), x.end());
  const std::vector<double> middle(x.begin() + low, x.end() - high);
  if (kept) *kept = middle;
  return mean(middle);
}

Latency measure_latency(const nn::Seq2Seq& model, const LatencyOptions& o) {
  check(o.source_length >= 1 && o.target_length >= 2 && o.beam >= 1 && o.warmup >= 0 && o.repeats >= 1,
        "latency", "lengths, beam and repeats must be positive, got source ", o.source_length, ", target ",
        o.target_length, ", beam ", o.beam, ", warm-up ", o.warmup, ", repeats ", o.repeats);
  const NoGrad quiet;
  const KeepPacked packed;  // as decoding does
  const Device device = model.device();
  const Tensor source = source_sentence(model, o.source_length);
  std::vector<double> encoder, rest, totals;
  for (int64_t i = -o.warmup; i < o.repeats; ++i) {
    nn::EncoderOutput encoded;
    const double encode_ms = milliseconds(device, [&] { encoded = model.encode(source); });
    // The search encodes for itself, so its encoder is not counted twice.
    const double other_ms =
        o.protocol == LatencyProtocol::hat
            ? milliseconds(device, [&] { fixed_steps(model, encoded, o); })
            : std::max(milliseconds(device, [&] { search(model, source, o); }) - encode_ms, 1e-6);
    if (i < 0) continue;
    encoder.push_back(encode_ms);
    rest.push_back(other_ms);
    totals.push_back(encode_ms + other_ms);
  }
  Latency result;
  std::vector<double> kept;
  const double trim = o.repeats < 3 ? 0 : o.trim;  // too few to drop any
  trimmed_mean(totals, trim, &kept);
  result.encoder_ms = trimmed_mean(encoder, trim);
  result.decoder_ms = trimmed_mean(rest, trim);
  result.total_ms = result.encoder_ms + result.decoder_ms;
  result.std_ms = deviation(kept);
  result.repeats = static_cast<int64_t>(kept.size());
  return result;
}

json latency_conditions(const LatencyOptions& o, int64_t target_vocabulary, Device device) {
  return {{"device", cat(device)},
          {"processor", device == cpu() ? processor_name() : describe(device)},
          {"threads", threads()},
          {"isa", kernels::isa_name()},
          {"dtype", "f32"},
          {"protocol", protocol_name(o.protocol)},
          {"source_length", o.source_length},
          {"target_length", o.target_length},
          {"beam", o.beam},
          {"batch", 1},
          {"target_vocabulary", target_vocabulary},
          {"warmup", o.warmup},
          {"repeats", o.repeats},
          {"trim", o.trim}};
}

int64_t measure_latencies(mos::Supernet& supernet, const std::vector<mos::Arch>& archs, int64_t repeated,
                          const LatencyOptions& options, const std::filesystem::path& csv,
                          const std::function<bool(int64_t, int64_t)>& progress) {
  const auto count = static_cast<int64_t>(archs.size());
  check(repeated >= 0 && repeated <= count, "latency", repeated, " of ", count,
        " architectures to measure again");
  const int64_t total = count + repeated;
  LatencyWriter writer(
      csv, supernet.space(),
      latency_conditions(options, supernet.options().vocabulary.target, nn::device_of(supernet)));
  while (writer.rows() < total) {
    const int64_t at = writer.rows();
    const mos::Arch& arch = archs[static_cast<size_t>(at < count ? at : at - count)];
    const auto model = supernet.extract(arch);
    const Latency latency = measure_latency(*model, options);
    writer.append({.arch = arch,
                   .encoder_ms = latency.encoder_ms,
                   .decoder_ms = latency.decoder_ms,
                   .latency_ms = latency.total_ms,
                   .latency_ms_std = latency.std_ms,
                   .repeats = latency.repeats});
    if (progress && !progress(writer.rows(), total)) break;
  }
  return writer.rows();
}

}  // namespace mosaic::nas
