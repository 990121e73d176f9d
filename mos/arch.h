// An architecture as a value: named choices such as "encoder.embed" or, one value a layer, "decoder.ffn".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/json.h"

namespace mosaic::mos {

// Only active layers are held, in the order of the space's choices, so equal architectures are equal values.
// Made by a Space (space.h), which guarantees that; copied freely; says nothing about weights.
class Arch {
 public:
  struct Entry {
    std::string name;            // "encoder.ffn"
    bool list = false;           // one value a layer, or one value
    std::vector<double> values;  // numbers, because ratios are choices too
    bool operator==(const Entry&) const = default;
  };

  Arch() = default;
  // The caller (a Space) answers for order and completeness.
  explicit Arch(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  bool empty() const { return entries_.empty(); }
  bool has(std::string_view choice) const;
  // The value of a choice, of one layer when it has several. ArgumentError for an unknown choice or layer.
  double value(std::string_view choice, int64_t layer = 0) const;
  // The same as an integer; ArgumentError when the value is not one.
  int64_t integer(std::string_view choice, int64_t layer = 0) const;
  // All layers of a choice (one value for a choice that is not per layer).
  const std::vector<double>& values(std::string_view choice) const;
  std::vector<int64_t> integers(std::string_view choice) const;
  const std::vector<Entry>& entries() const { return entries_; }

  // {"encoder": {"embed": 512, "layers": 6, "ffn": [3072, ...], ...}, "decoder": {...}}: dots become objects.
  json to_json() const;
  // to_json() on one line: the canonical text, equal exactly when the architectures are.
  std::string text() const;
  // 16 hexadecimal digits of the canonical text.
  std::string hash() const;
  bool operator==(const Arch&) const = default;

 private:
  const Entry& entry(std::string_view choice) const;
  std::vector<Entry> entries_;
};

// A number as JSON and as text: integers without a fraction, others in the shortest form that reads back.
json number_json(double value);
std::string number_text(double value);

}  // namespace mosaic::mos
