// The latency CSV: what is written is read back, and every bad input is refused with its line.
#include <doctest/doctest.h>

#include "engine/core/file.h"
#include "nas/latency_data.h"
#include "nas_support.h"

using namespace mosaic;
using namespace mosaic::nas;
using mosaic::mos::Space;
using mosaic::mos::space_named;

TEST_CASE("measurements are written row by row and read back") {
  const TestFolder folder("latency");
  const Space space = space_named("tiny");
  const auto csv = folder / "latency.csv";
  const json measured = {{"device", "cpu"}, {"threads", 2}};
  Generator g(1);
  std::vector<LatencyRow> rows;
  for (int i = 0; i < 20; ++i)
    rows.push_back({space.sample(g), 1 + g.uniform(), 5 + g.uniform(), 7 + g.uniform(), g.uniform(), 1 + i});
  {
    LatencyWriter writer(csv, space, measured);
    for (int i = 0; i < 10; ++i) writer.append(rows[static_cast<size_t>(i)]);
  }
  {
    LatencyWriter writer(csv, space, measured);
    CHECK(writer.rows() == 10);
    for (int i = 10; i < 20; ++i) writer.append(rows[static_cast<size_t>(i)]);
  }
  const LatencyData data = load_latency_data(csv, space);
  CHECK(data.measured == measured);
  CHECK(data.warnings.empty());
  REQUIRE(data.rows.size() == rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(data.rows[i].arch == rows[i].arch);
    CHECK(data.rows[i].latency_ms == rows[i].latency_ms);
    CHECK(data.rows[i].latency_ms_std == rows[i].latency_ms_std);
    CHECK(data.rows[i].repeats == rows[i].repeats);
  }
  CHECK(!refusal([&] { LatencyWriter(csv, space, {{"device", "other"}}); }).empty());
  CHECK(!refusal([&] { LatencyWriter(csv, space_named("nano"), measured); }).empty());
  CHECK(!refusal([&] { load_latency_data(csv, space_named("nano")); }).empty());
}

TEST_CASE("bad latency files are refused with file and line") {
  const TestFolder folder("bad");
  const Space space = space_named("nano");
  const auto csv = folder / "l.csv";
  {
    LatencyWriter writer(csv, space, json::object());
    for (mos::Count i = 0; i < 3; ++i) writer.append({space.nth(100 + i), 1, 2, 3, 0.5, 10});
  }
  const std::string whole = read_file(csv);
  const auto refused = [&](std::string text, const std::string& part) {
    write_file_atomic(csv, text);
    const std::string message = refusal([&] { load_latency_data(csv, space); });
    CAPTURE(message);
    CHECK(message.find("l.csv") != std::string::npos);
    CHECK(message.find(part) != std::string::npos);
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::string row = ",1,2,3,0.5,10\n";
  const size_t header_end = whole.find('\n') + 1;
  refused("", "empty");
  refused(whole.substr(0, header_end), "no measurements");
  refused(whole.substr(0, header_end - 1), "no measurements");
  refused(with(",latency_ms,", ",latency,"), "latency_ms is missing");
  refused(with("encoder_ms,decoder_ms", "decoder_ms,encoder_ms"), "reordered");
  for (const char* bad : {"-3", "0", "nan", "inf", "1e999", "0x10", "__import__('os')", "", " 3", "3 ms"})
    refused(with(row, cat(",1,2,", bad, ",0.5,10\n")), ":2");
  refused(with(row, ",1,2,3,5,0.5,10\n"), "decimals are written with a point");
  refused(with(row, ",1,2,3,-1,10\n"), "negative");
  refused(with(row, ",1,2,3,0.5,2.5\n"), "repeats");
  std::string other = whole;
  other[header_end] = '9';  // an encoder width that is no choice
  refused(other, "not an architecture");
  refused(whole.substr(header_end), "missing");

  write_file_atomic(csv, with(row, ",1,2,3000,0.5,10\n"));
  CHECK(load_latency_data(csv, space).warnings.size() == 1);
  write_file_atomic(csv, whole.substr(0, whole.size() - 4));
  const LatencyData torn = load_latency_data(csv, space);
  CHECK(torn.rows.size() == 2);
  CHECK(torn.warnings.size() == 1);
  std::string crlf;
  for (const char c : whole) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  write_file_atomic(csv, crlf);
  CHECK(load_latency_data(csv, space).rows.size() == 3);
  std::filesystem::remove(folder / "l.json");
  CHECK(refusal([&] { load_latency_data(csv, space); }).find("l.json") != std::string::npos);
}
