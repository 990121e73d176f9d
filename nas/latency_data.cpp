#include "nas/latency_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic::nas {

namespace {

constexpr size_t kMeasured = 5;  // columns behind the genes

std::filesystem::path header_path(std::filesystem::path csv) {
  return csv.replace_extension(".json");
}

json header_json(const mos::Space& space, const json& measured) {
  return {{"format", "mosaic-latency"}, {"version", 1}, {"space", space.name()},
          {"space_hash", space.hash()}, {"unit", "ms"}, {"columns", latency_columns(space)},
          {"measured", measured}};
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> out(1);
  for (const char c : line) {
    if (c == ',')
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& n : names) out += (out.empty() ? "" : ",") + n;
  return out;
}

void check_columns(const std::string& line, const mos::Space& space, const std::string& where) {
  const std::vector<std::string> found = cells_of(line), expected = latency_columns(space);
  if (found == expected) return;
  for (const std::string& name : expected)
    if (std::find(found.begin(), found.end(), name) == found.end())
      throw FormatError(where, cat("column ", name, " is missing; expected ", joined(expected)));
  throw FormatError(where, cat("columns are reordered, repeated or unknown; expected ", joined(expected)));
}

double number_of(const std::string& cell, const std::string& where) {
  double v = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), v);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(v))
    throw FormatError(where, cat("\"", cell.substr(0, 60), "\" is not a plain finite number such as 12.5"));
  return v;
}

LatencyRow row_of(const std::string& line, const mos::Space& space, const std::string& where) {
  const std::vector<std::string> names = latency_columns(space), cells = cells_of(line);
  if (cells.size() != names.size())
    throw FormatError(where, cat(cells.size(), " cells, ", names.size(),
                                 " are needed (commas separate cells; decimals are written with a point)"));
  std::vector<double> v;
  for (size_t i = 0; i < cells.size(); ++i) v.push_back(number_of(cells[i], cat(where, ": ", names[i])));
  const size_t genes = v.size() - kMeasured;
  mos::Genes list(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(genes));
  // Inactive layers are written as 0; any value of the choice may stand for them.
  for (size_t g = 0; g < genes; ++g) {
    const mos::Choice& choice = space.gene_choice(static_cast<int64_t>(g));
    if (list[g] == 0 && choice.list && !choice.allows(0)) list[g] = choice.values[0];
  }
  LatencyRow row;
  try {
    row.arch = space.from_genes(list);
  } catch (const Error& e) {
    throw FormatError(where, cat("not an architecture of space \"", space.name(), "\": ", e.what()));
  }
  const mos::Genes written = [&] {
    mos::Genes out;
    for (size_t i = 0; i < space.choices().size(); ++i) {
      std::vector<double> values = row.arch.entries()[i].values;
      values.resize(static_cast<size_t>(space.choices()[i].repeat), 0.0);
      out.insert(out.end(), values.begin(), values.end());
    }
    return out;
  }();
  for (size_t g = 0; g < genes; ++g)
    if (v[g] != written[g])
      throw FormatError(
          where, cat(names[g], " is ", mos::number_text(v[g]), ", the architecture's other columns make it ",
                     mos::number_text(written[g])));
  row.encoder_ms = v[genes];
  row.decoder_ms = v[genes + 1];
  row.latency_ms = v[genes + 2];
  row.latency_ms_std = v[genes + 3];
  for (size_t k = 0; k < 3; ++k)
    if (!(v[genes + k] > 0))
      throw FormatError(where, cat(names[genes + k], " is ", cells[genes + k], ", a latency is above zero"));
  if (v[genes + 3] < 0) throw FormatError(where, "latency_ms_std is negative");
  if (!(v[genes + 4] >= 1 && v[genes + 4] < 1e9) || std::floor(v[genes + 4]) != v[genes + 4])
    throw FormatError(where, cat("repeats is ", cells[genes + 4], ", a whole number from 1 is needed"));
  row.repeats = static_cast<int64_t>(v[genes + 4]);
  return row;
}

// A file with any text in it may end a line with CR LF.
std::string without_return(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

json read_header(const std::filesystem::path& path, const mos::Space& space) {
  json header = load_json(path, 1u << 20);
  const std::string where = path.string();
  Fields f(header, where);
  f.one_of("format", {"mosaic-latency"});
  f.integer("version", 1, 1);
  const std::string name = f.text("space");
  if (f.text("space_hash") != space.hash())
    throw FormatError(where, cat("these latencies are of space \"", name, "\" with other choices than \"",
                                 space.name(), "\""));
  f.one_of("unit", {"ms"});
  f.array("columns");
  json measured = f.object("measured");
  f.finish();
  return measured;
}

}  // namespace

std::vector<std::string> latency_columns(const mos::Space& space) {
  std::vector<std::string> out;
  for (const mos::Choice& c : space.choices())
    for (int64_t l = 0; l < c.repeat; ++l) out.push_back(c.list ? cat(c.name, ".", l) : c.name);
  out.insert(out.end(), {"encoder_ms", "decoder_ms", "latency_ms", "latency_ms_std", "repeats"});
  return out;
}

LatencyData load_latency_data(const std::filesystem::path& csv, const mos::Space& space) {
  LatencyData out;
  out.measured = read_header(header_path(csv), space);
  const std::string text = read_file(csv, uint64_t{1} << 30), name = csv.string();
  if (text.empty()) throw FormatError(name, "the file is empty");
  size_t line_number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    ++line_number;
    if (end == std::string::npos && line_number > 1) {
      out.warnings.push_back(cat(name, ":", line_number, ": the last line has no end and was left out"));
      break;
    }
    const std::string line = without_return(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
    const std::string where = cat(name, ":", line_number);
    if (line_number == 1)
      check_columns(line, space, where);
    else
      out.rows.push_back(row_of(line, space, where));
  }
  if (out.rows.empty()) throw FormatError(name, "there are no measurements below the column names");
  const auto [low, high] =
      std::minmax_element(out.rows.begin(), out.rows.end(),
                          [](const auto& a, const auto& b) { return a.latency_ms < b.latency_ms; });
  if (high->latency_ms > 100 * low->latency_ms)
    out.warnings.push_back(cat(name, ": latencies from ", low->latency_ms, " to ", high->latency_ms, " ms, ",
                               std::round(high->latency_ms / low->latency_ms),
                               " times apart: are the units mixed?"));
  return out;
}

LatencyWriter::LatencyWriter(const std::filesystem::path& csv, mos::Space space, const json& measured)
    : space_(std::move(space)) {
  check(csv.extension() == ".csv", "latency data", csv.string(), " must end in .csv");
  const std::filesystem::path header = header_path(csv);
  if (std::filesystem::exists(header)) {
    const json found = read_header(header, space_);
    check(found == measured, "latency data", header.string(),
          " was measured under other conditions: ", found.dump(), ", now ", measured.dump());
  } else {
    check(!std::filesystem::exists(csv), "latency data", csv.string(), " exists without ", header.string());
    save_json(header, header_json(space_, measured));
  }
  file_ = std::make_unique<AppendFile>(csv);
  if (file_->lines().empty()) {
    file_->append(joined(latency_columns(space_)));
  } else {
    check_columns(without_return(file_->lines()[0]), space_, csv.string() + ":1");
    rows_ = static_cast<int64_t>(file_->lines().size()) - 1;
  }
}

void LatencyWriter::append(const LatencyRow& row) {
  if (const auto reason = space_.why_not(row.arch)) throw ArgumentError("latency data", *reason);
  std::vector<std::string> cells;
  for (size_t i = 0; i < space_.choices().size(); ++i) {
    std::vector<double> values = row.arch.entries()[i].values;
    values.resize(static_cast<size_t>(space_.choices()[i].repeat), 0.0);
    for (const double v : values) cells.push_back(mos::number_text(v));
  }
  for (const double v : {row.encoder_ms, row.decoder_ms, row.latency_ms}) {
    check(std::isfinite(v) && v > 0, "latency data", "a latency of ", v, " ms");
    cells.push_back(mos::number_text(v));
  }
  check(std::isfinite(row.latency_ms_std) && row.latency_ms_std >= 0, "latency data", "a deviation of ",
        row.latency_ms_std, " ms");
  check(row.repeats >= 1, "latency data", row.repeats, " repeats");
  cells.push_back(mos::number_text(row.latency_ms_std));
  cells.push_back(cat(row.repeats));
  file_->append(joined(cells));
  ++rows_;
}

}  // namespace mosaic::nas
