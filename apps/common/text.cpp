#include "apps/common/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include "data/metrics/metric.h"
#include "data/text/normalize.h"

namespace mosaic::apps {
namespace {

std::string range_text(double low, double high) {
  const bool below = low > -std::numeric_limits<double>::max(),
             above = high < std::numeric_limits<double>::max();
  if (below && above) return cat(" from ", brief(low), " to ", brief(high));
  if (below) return cat(" of at least ", brief(low));
  if (above) return cat(" of at most ", brief(high));
  return "";
}

}  // namespace

int64_t parse_integer(std::string_view text, const std::string& what, int64_t low, int64_t high) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  if (whole && value >= low && value <= high) return value;
  std::string expected = "an integer";
  if (low != std::numeric_limits<int64_t>::min() && high != std::numeric_limits<int64_t>::max())
    expected = cat("an integer from ", low, " to ", high);
  else if (low != std::numeric_limits<int64_t>::min())
    expected = cat("an integer of at least ", low);
  throw UsageError(what, cat("\"", text, "\" is not ", expected));
}

double parse_number(std::string_view text, const std::string& what, double low, double high) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  if (whole && std::isfinite(value) && value >= low && value <= high) return value;
  throw UsageError(what, cat("\"", text, "\" is not a number", range_text(low, high)));
}

double parse_duration(std::string_view text, const std::string& what) {
  double unit = 1;
  std::string_view number = text;
  if (!text.empty()) {
    const char last = text.back();
    if (last == 's' || last == 'm' || last == 'h') {
      unit = last == 's' ? 1 : last == 'm' ? 60 : 3600;
      number.remove_suffix(1);
    }
  }
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool whole = error == std::errc() && end == number.data() + number.size() && !number.empty();
  if (!whole || !std::isfinite(value) || value <= 0)
    throw UsageError(what, cat("\"", text, "\" is not a time such as 90s, 15m or 2h"));
  return value * unit;
}

std::string fixed(double value, int digits) {
  return data::fixed(value, digits);
}

std::string brief(double value) {
  std::array<char, 64> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, 6);
  return {buffer.data(), result.ptr};
}

std::string with_thousands(int64_t value) {
  std::string digits = std::to_string(value < 0 ? -value : value), out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return value < 0 ? cat('-', out) : out;
}

std::string bytes_text(uint64_t bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(units)) value /= 1000, ++unit;
  return unit == 0 ? cat(bytes, " B") : fixed(value, 1) + " " + units[unit];
}

std::string duration_text(double seconds) {
  if (seconds < 60) return fixed(seconds, 1) + " s";
  const auto total = static_cast<int64_t>(seconds + 0.5);
  auto two = [](int64_t n) { return cat(n < 10 ? "0" : "", n); };
  if (total < 3600) return cat(total / 60, "m", two(total % 60), "s");
  return cat(total / 3600, "h", two(total / 60 % 60), "m");
}

std::string timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> buffer{};
  const size_t size = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {buffer.data(), size};
}

std::string path_text(const std::filesystem::path& path) {
  std::string text = path.string();
  for (size_t bad; (bad = data::find_bad_utf8(text)) != std::string::npos;) text[bad] = '?';
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

}  // namespace mosaic::apps
