#include "mos/arch.h"

#include <charconv>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic::mos {

namespace {

bool integral(double value) {
  return std::floor(value) == value && std::abs(value) < 9e15;
}

}  // namespace

const Arch::Entry& Arch::entry(std::string_view choice) const {
  for (const Entry& e : entries_)
    if (e.name == choice) return e;
  std::vector<std::string> names;
  for (const Entry& e : entries_) names.push_back(e.name);
  const std::string near = nearest(choice, names);
  throw ArgumentError("arch", cat("the architecture has no choice \"", choice, "\"",
                                  near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

bool Arch::has(std::string_view choice) const {
  for (const Entry& e : entries_)
    if (e.name == choice) return true;
  return false;
}

double Arch::value(std::string_view choice, int64_t layer) const {
  const Entry& e = entry(choice);
  check(layer >= 0 && layer < static_cast<int64_t>(e.values.size()), "arch", choice, " has ", e.values.size(),
        " values, asked for number ", layer);
  return e.values[static_cast<size_t>(layer)];
}

int64_t Arch::integer(std::string_view choice, int64_t layer) const {
  const double v = value(choice, layer);
  check(integral(v), "arch", choice, " is ", number_text(v), ", an integer is needed");
  return static_cast<int64_t>(v);
}

const std::vector<double>& Arch::values(std::string_view choice) const {
  return entry(choice).values;
}

std::vector<int64_t> Arch::integers(std::string_view choice) const {
  std::vector<int64_t> out;
  const int64_t layers = static_cast<int64_t>(values(choice).size());
  for (int64_t l = 0; l < layers; ++l) out.push_back(integer(choice, l));
  return out;
}

json Arch::to_json() const {
  json out = json::object();
  for (const Entry& e : entries_) {
    json value = json::array();
    for (const double v : e.values) value.push_back(number_json(v));
    if (!e.list) value = number_json(e.values.at(0));
    const size_t dot = e.name.find('.');
    if (dot == std::string::npos)
      out[e.name] = std::move(value);
    else
      out[e.name.substr(0, dot)][e.name.substr(dot + 1)] = std::move(value);
  }
  return out;
}

std::string Arch::text() const {
  return to_json().dump();
}

std::string Arch::hash() const {
  return hash_bytes(text());
}

json number_json(double value) {
  if (integral(value)) return static_cast<int64_t>(value);
  return value;
}

std::string number_text(double value) {
  char buffer[40];
  const auto end = integral(value)
                       ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<int64_t>(value))
                       : std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end.ptr);
}

}  // namespace mosaic::mos
