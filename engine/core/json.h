// JSON that is read strictly: no duplicate keys, bounded depth, typed and ranged fields, unknown keys
// refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic {

// Keys keep the order in which they were written.
using json = nlohmann::ordered_json;

// Parses one document. `origin` (a file's path, "--set") opens every message, with line and column.
// FormatError on anything but strict JSON, on duplicate keys and on nesting deeper than 64.
json parse_json(std::string_view text, const std::string& origin);
json load_json(const std::filesystem::path& path, uint64_t max_bytes = 64u << 20);
// Indented by two, atomic (file.h).
void save_json(const std::filesystem::path& path, const json& value);

// Reads the fields of one object, each by name with a type and a range, and in the end refuses what nobody
// asked for. `where` names the object in messages ("config.json: encoder").
class Fields {
 public:
  Fields(const json& object, std::string where);  // FormatError unless an object

  bool has(std::string_view key) const;
  // Required fields: FormatError when missing, of another type or outside [low, high].
  int64_t integer(std::string_view key, int64_t low = std::numeric_limits<int64_t>::min(),
                  int64_t high = std::numeric_limits<int64_t>::max());
  double number(std::string_view key, double low = -std::numeric_limits<double>::max(),
                double high = std::numeric_limits<double>::max());
  bool boolean(std::string_view key);
  std::string text(std::string_view key);
  const json& object(std::string_view key);
  const json& array(std::string_view key);
  const json& any(std::string_view key);
  std::vector<int64_t> integers(std::string_view key, int64_t low, int64_t high);
  std::vector<double> numbers(std::string_view key);
  // A text that must be one of the given; the message lists them.
  std::string one_of(std::string_view key, const std::vector<std::string>& allowed);

  // Optional fields: `otherwise` when missing, the same refusals when present.
  int64_t integer_or(std::string_view key, int64_t otherwise,
                     int64_t low = std::numeric_limits<int64_t>::min(),
                     int64_t high = std::numeric_limits<int64_t>::max());
  double number_or(std::string_view key, double otherwise, double low = -std::numeric_limits<double>::max(),
                   double high = std::numeric_limits<double>::max());
  bool boolean_or(std::string_view key, bool otherwise);
  std::string text_or(std::string_view key, const std::string& otherwise);

  // FormatError when the object has a key that was never asked for, with the nearest known key as a hint.
  void finish() const;
  const std::string& where() const { return where_; }

 private:
  const json* find(std::string_view key);
  const json& need(std::string_view key);
  const json& object_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
};

// The known word nearest to `word` by edit distance, empty when none is near: for "did you mean".
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace mosaic
