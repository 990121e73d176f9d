// libFuzzer target: the tokenizers, metrics and readers of text that comes from outside. The first byte
// chooses what the rest is given to. Exceptions of Mosaic are answers; anything else is a finding.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include "data/glue/predictions.h"
#include "data/glue/reader.h"
#include "data/glue/submission.h"
#include "data/metrics/bleu.h"
#include "data/metrics/chrf.h"
#include "data/metrics/files.h"
#include "data/metrics/significance.h"
#include "data/metrics/ter.h"
#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"

using namespace mosaic;
using namespace mosaic::data;

namespace {

// The bytes as a file without a place on a disk.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : file_(memfd_create("fuzz", 0)) {
    if (file_ < 0 || write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      std::abort();
  }
  ~MemoryFile() { close(file_); }
  std::filesystem::path path() const { return cat("/proc/self/fd/", file_); }

 private:
  int file_;
};

void require(bool ok) {
  if (!ok) std::abort();
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> out{""};
  for (const char c : text) {
    if (c == '\n')
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

// Options from a byte's bits.
std::vector<std::unique_ptr<Metric>> metrics_of(uint8_t bits) {
  const bool a = bits & 1, b = bits & 2, c = bits & 4, d = bits & 8;
  constexpr BleuTokenizer tokenizers[] = {BleuTokenizer::v13a, BleuTokenizer::intl, BleuTokenizer::character,
                                          BleuTokenizer::none, BleuTokenizer::zh};
  constexpr BleuSmoothing smoothings[] = {BleuSmoothing::exp, BleuSmoothing::floor, BleuSmoothing::add_k,
                                          BleuSmoothing::none};
  std::vector<std::unique_ptr<Metric>> out;
  out.push_back(std::make_unique<Bleu>(BleuOptions{.tokenizer = tokenizers[bits % 5],
                                                   .smoothing = smoothings[bits / 8 % 4],
                                                   .lowercase = a,
                                                   .effective_order = b,
                                                   .max_order = 1 + bits % 7}));
  out.push_back(std::make_unique<Chrf>(
      ChrfOptions{.word_order = bits % 4, .lowercase = a, .whitespace = b, .eps_smoothing = c}));
  out.push_back(std::make_unique<Ter>(
      TerOptions{.normalized = a, .no_punctuation = b, .asian_support = c, .case_sensitive = d}));
  return out;
}

void score(uint8_t bits, std::string_view text) {
  std::vector<std::string> lines = split_lines(text.substr(0, 1500));
  if (lines.size() < 2) return;
  const size_t references = 1 + bits % 3, segments = lines.size() / (references + 1);
  if (segments == 0) return;
  const auto part = [&](size_t i) {
    const auto begin = lines.begin() + static_cast<std::ptrdiff_t>(i * segments);
    return std::vector<std::string>(begin, begin + static_cast<std::ptrdiff_t>(segments));
  };
  std::vector<std::vector<std::string>> all;
  for (size_t r = 1; r <= references; ++r) all.push_back(part(r));
  for (const auto& metric : metrics_of(bits)) {
    SegmentCounts counts;
    count_segments(*metric, part(0), all, counts, bits & 64);
    const double score = metric->score_of(counts.sums().data());
    require(std::isfinite(score) && score >= 0);
    require(std::isfinite(bootstrap_interval(*metric, counts, 3, bits).mean));
  }
}

void tokenizers(std::string_view text) {
  for (const char* name : {"13a", "intl", "char", "none", "zh"}) tokenize(bleu_tokenizer(name), text);
  split_compounds(text);
  normalize_spaces(to_lower(text));
}

void lines(std::string_view text) {
  const MemoryFile file(text);
  LineReader reader(file.path(), {.max_line_bytes = 1 << 16, .max_bytes = 1 << 22});
  for (std::string line; reader.next(line);) require(find_bad_utf8(line) == std::string_view::npos);
}

void files(uint8_t bits, std::string_view text) {
  const size_t middle = text.size() / 2;
  const MemoryFile hypothesis(text.substr(0, middle)), reference(text.substr(middle));
  const Chrf chrf;
  count_files({&chrf}, {.hypotheses = {hypothesis.path()},
                        .references = {reference.path()},
                        .references_a_line = 1 + bits % 3,
                        .empty_is_missing = (bits & 128) != 0});
}

void glue(uint8_t bits, std::string_view text) {
  const MemoryFile file(text);
  const GlueTask& task = glue_tasks()[bits % glue_tasks().size()];
  const GlueSplit split = task.files[bits / 16 % task.files.size()].split;
  GlueReader reader(task, split, file.path());
  for (GlueExample example; reader.next(example);)
    require(example.label < static_cast<int32_t>(task.labels.size()));
}

void predictions(uint8_t bits, std::string_view text) {
  const MemoryFile file(text);
  const GlueTask& task = glue_tasks()[bits % glue_tasks().size()];
  if (bits & 128) read_glue_submission(task, file.path());
  if (bits & 64) read_glue_gold(task, file.path());
  read_glue_predictions(task, file.path());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool once = (set_threads(1), true);
  (void)once;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  try {
    switch (data[0] % 6) {
      case 0:
        tokenizers(text);
        break;
      case 1:
        score(data[1], text);
        break;
      case 2:
        lines(text);
        break;
      case 3:
        files(data[1], text);
        break;
      case 4:
        glue(data[1], text);
        break;
      default:
        predictions(data[1], text);
    }
  } catch (const Error&) {
  }
  return 0;
}
