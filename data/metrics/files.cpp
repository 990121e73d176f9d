#include "data/metrics/files.h"

#include <algorithm>

#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

constexpr size_t block_lines = 4096;

std::string shown(const std::filesystem::path& path) {
  return path == "-" ? "standard input" : path.string();
}

// One file, read in blocks.
class Stream {
 public:
  explicit Stream(const std::filesystem::path& path)
      : path_(path), reader_(path, {.keep_byte_order_mark = true}) {}

  // The next block, empty at the end.
  std::vector<std::string> block(const ScoreFiles& files) {
    std::vector<std::string> lines;
    std::string line;
    while (lines.size() < block_lines && reader_.next(line)) {
      const std::string_view text = trim_right(line);
      lines.push_back(files.prepare ? files.prepare(text) : std::string(text));
    }
    read_ += static_cast<int64_t>(lines.size());
    return lines;
  }
  // Reads what is left, for its number of lines.
  int64_t count_all() {
    std::string line;
    while (reader_.next(line)) ++read_;
    return read_;
  }
  int64_t read() const { return read_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  LineReader reader_;
  int64_t read_ = 0;
};

// References of one file's block, {references_a_line, lines}.
std::vector<std::vector<std::string>> split_references(const std::vector<std::string>& lines,
                                                       const Stream& stream, int64_t each) {
  std::vector<std::vector<std::string>> out(static_cast<size_t>(each));
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string_view rest = lines[i];
    for (size_t r = 0; r < out.size(); ++r) {
      // The last reference keeps further tabs.
      const size_t tab = r + 1 < out.size() ? rest.find('\t') : rest.npos;
      if (r + 1 < out.size() && tab == rest.npos) {
        const int64_t number = stream.read() - static_cast<int64_t>(lines.size() - i) + 1;
        throw FormatError(cat(shown(stream.path()), ":", number),
                          cat("expected ", each, " references separated by tabs, found ", r + 1));
      }
      out[r].emplace_back(rest.substr(0, tab));
      rest = tab == rest.npos ? "" : rest.substr(tab + 1);
    }
  }
  return out;
}

[[noreturn]] void refuse_lengths(std::vector<Stream>& streams) {
  const int64_t expected = streams.front().count_all();
  for (Stream& stream : streams) {
    const int64_t lines = stream.count_all();
    if (lines != expected)
      throw FormatError(shown(stream.path()),
                        cat("has ", lines, " lines, but ", shown(streams.front().path()), " has ", expected,
                            ": they cannot belong together"));
  }
  throw FormatError(shown(streams.front().path()), "changed while it was read");
}

void check_files(const ScoreFiles& files) {
  check(!files.hypotheses.empty(), "score", "no hypothesis file was given");
  check(!files.references.empty(), "score", "no reference file was given");
  check(files.references_a_line >= 1, "score", "there must be at least 1 reference a line, got ",
        files.references_a_line);
  check(files.references_a_line == 1 || files.references.size() == 1, "score",
        "several references a line go with one reference file, got ", files.references.size());
  const auto standard_input = [](const std::vector<std::filesystem::path>& paths) {
    return std::count(paths.begin(), paths.end(), "-");
  };
  check(standard_input(files.hypotheses) + standard_input(files.references) <= 1, "score",
        "standard input can be only one of the files");
}

}  // namespace

std::vector<ScoredFile> count_files(const std::vector<const Metric*>& metrics, const ScoreFiles& files) {
  check_files(files);
  std::vector<Stream> streams;  // references, then hypotheses
  for (const auto& path : files.references) streams.emplace_back(path);
  for (const auto& path : files.hypotheses) streams.emplace_back(path);
  std::vector<ScoredFile> out;
  for (const auto& path : files.hypotheses) out.push_back({path, std::vector<SegmentCounts>(metrics.size())});

  const size_t first_hypothesis = files.references.size();
  for (;;) {
    std::vector<std::vector<std::string>> blocks;
    for (Stream& stream : streams) blocks.push_back(stream.block(files));
    for (size_t s = 0; s < streams.size(); ++s) {
      if (streams[s].read() == 0)
        throw FormatError(shown(streams[s].path()), "is empty: there is nothing to score");
      if (blocks[s].size() != blocks.front().size()) refuse_lengths(streams);
    }
    if (blocks.front().empty()) return out;
    std::vector<std::vector<std::string>> references(
        blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(first_hypothesis));
    if (files.references_a_line > 1)
      references = split_references(references.front(), streams.front(), files.references_a_line);
    for (size_t h = 0; h < out.size(); ++h) {
      const std::vector<std::string>& lines = blocks[first_hypothesis + h];
      out[h].tokenized_lines += std::count_if(lines.begin(), lines.end(),
                                              [](const std::string& line) { return line.ends_with(" ."); });
      for (size_t m = 0; m < metrics.size(); ++m)
        count_segments(*metrics[m], lines, references, out[h].counts[m], files.empty_is_missing);
    }
  }
}

}  // namespace mosaic::data
