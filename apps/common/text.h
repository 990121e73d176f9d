// Numbers, sizes and times as text: read strictly, written the same in every locale.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace mosaic::apps {

// A command line that cannot be obeyed as written; the program ends with exit code 2.
struct UsageError : Error {
  using Error::Error;
};

// The whole text as a decimal integer in [low, high]; "1e3", "3x", " 3", "+3" and "0x1" are refused. `what`
// is the option or key that opens the message. UsageError otherwise.
int64_t parse_integer(std::string_view text, const std::string& what,
                      int64_t low = std::numeric_limits<int64_t>::min(),
                      int64_t high = std::numeric_limits<int64_t>::max());
// The whole text as a finite decimal number in [low, high], point as the decimal sign. UsageError otherwise.
double parse_number(std::string_view text, const std::string& what,
                    double low = -std::numeric_limits<double>::max(),
                    double high = std::numeric_limits<double>::max());
// "90", "90s", "15m", "2h", "1.5h" in seconds, more than 0. UsageError otherwise.
double parse_duration(std::string_view text, const std::string& what);

// A number with `digits` after the point, never in another locale's form.
std::string fixed(double value, int digits);
// Six significant digits, shortest form.
std::string brief(double value);
std::string with_thousands(int64_t value);  // "1,234,567"
std::string bytes_text(uint64_t bytes);     // "12.3 MB"
std::string duration_text(double seconds);  // "1h02m", "3m20s", "4.2 s"
// UTC, "2024-05-01T12:00:00Z".
std::string timestamp();

// A path as text for JSON and reports: bytes that are not UTF-8 become "?".
std::string path_text(const std::filesystem::path& path);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace mosaic::apps
