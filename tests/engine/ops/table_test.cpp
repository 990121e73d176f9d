// The table of ops on the CPU, and that no op is missing from it.
#include <doctest/doctest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "apps/checks/op_case.h"

using namespace mosaic;

TEST_CASE("ops: every case of the table holds on the CPU") {
  for (const checks::OpCase& c : checks::op_cases()) {
    CAPTURE(c.name);
    for (const std::string& failure : checks::check_on_cpu(c).failures) FAIL_CHECK(failure);
  }
}

TEST_CASE("ops: names of cases are different, and quick ones are of every op") {
  std::set<std::string> names, ops, quick;
  for (const checks::OpCase& c : checks::op_cases()) {
    CAPTURE(c.name);
    CHECK(names.insert(c.name).second);
    ops.insert(checks::op_of(c));
  }
  for (const checks::OpCase* c : checks::cases_of(checks::Level::quick)) quick.insert(checks::op_of(*c));
  CHECK(quick == ops);
}

TEST_CASE("ops: the table has every op that the headers declare") {
  std::set<std::string> ops;
  for (const checks::OpCase& c : checks::op_cases()) ops.insert(checks::op_of(c));
  const std::regex declaration(R"(^(?:Tensor|TopK|BatchNormResult|void|double) (\w+)\()");
  int64_t found = 0;
  for (const char* header : {"engine/ops/ops.h", "engine/ops/activation.h", "engine/ops/conv.h",
                             "engine/ops/norm.h", "engine/ops/pool.h", "engine/ops/recurrent.h",
                             "engine/ops/rotary.h", "nn/criteria.h", "nn/layers/grouped_attention.h"}) {
    std::ifstream file(std::string(MOSAIC_SOURCE_FOLDER) + "/" + header);
    REQUIRE_MESSAGE(file.good(), header);
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, declaration)) continue;
      ++found;
      CHECK_MESSAGE(ops.contains(match[1]), match[1].str(), " of ", header, " has no case");
    }
  }
  CHECK(found > 90);
}
