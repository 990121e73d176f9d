// mosaic bench scaling: how the cost of an update grows with its work.
#include "apps/commands/bench.h"
#include "apps/common/scaling.h"
#include "engine/core/file.h"

namespace mosaic::apps {
namespace {

struct ScalingCommand {
  std::vector<std::string> axes, threads;
  std::filesystem::path svg;
  std::string clock = "wall";
  int64_t rounds = 7;
  std::optional<int64_t> points;
};

void scaling(const ScalingCommand& command, bool as_json) {
  const std::vector<int> teams = teams_of(command.threads);
  const json result = run_scaling({.axes = command.axes,
                                   .teams = teams,
                                   .rounds = command.rounds,
                                   .clock = clock_of(command.clock, teams.back()),
                                   .points = command.points.value_or(0)});
  if (!command.svg.empty()) write_file_atomic(command.svg, scaling_svg(result));
  if (as_json) return put_json(result);
  put(scaling_text(result));
}

}  // namespace

void declare_bench_scaling(CLI::App& parent, Program& program) {
  auto command = std::make_shared<ScalingCommand>();
  CLI::App& sub =
      sub_command(parent, "scaling", "An update's cost against rows, length, width, depth, experts");
  texts_option(sub, "--axis", command->axes,
               cat("Only this one of ", join(scaling_axes(), ", "), "; may be repeated"));
  teams_option(sub, command->threads);
  integer_option(sub, "--rounds", command->rounds, 1, 1000, "Timed updates of every point");
  integer_option(sub, "--points", command->points, 1, 100, "Only so many points of each axis, the smallest");
  path_option(sub, "--svg", command->svg, "Where to draw it");
  clock_option(sub, command->clock);
  json_flag(sub, program);
  examples(sub, {"mosaic bench scaling --svg scaling.svg",
                 "mosaic bench scaling --axis experts --threads 1 --json"});
  on_chosen(sub, program, [command, &program] { scaling(*command, program.json); });
}

}  // namespace mosaic::apps
