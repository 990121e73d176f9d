// mosaic bench roof: what the processor and the memory give to a program that does nothing else.
#include <thread>

#include "apps/commands/bench.h"
#include "apps/common/aligned.h"
#include "apps/common/roof.h"
#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace {

// 1, 2, 4, ... and all cores.
std::vector<int> doubling_teams() {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::vector<int> teams;
  for (int team = 1; team < cores; team *= 2) teams.push_back(team);
  teams.push_back(cores);
  return teams;
}

void roof(const std::vector<std::string>& threads, bool as_json) {
  json fma = json::array(), copy = json::array();
  std::vector<std::vector<std::string>> rows = {{"roof", "threads", "", ""}};
  for (const int team : threads.empty() ? doubling_teams() : teams_of(threads)) {
    set_threads(team);
    for (const auto isa : {kernels::Isa::baseline, kernels::Isa::avx2, kernels::Isa::avx512}) {
      if (!kernels::isa_available(isa)) continue;
      const double gigaflops = fma_roof(isa);
      fma.push_back(
          {{"isa", kernels::isa_name(isa)}, {"threads", team}, {"gigaflops_per_second", gigaflops}});
      rows.push_back(
          {cat("multiply-add, ", kernels::isa_name(isa)), cat(team), fixed(gigaflops, 1), "GFLOP/s"});
    }
    const double gigabytes = copy_roof();
    copy.push_back({{"threads", team}, {"gigabytes_per_second", gigabytes}});
    rows.push_back({"memory copy", cat(team), fixed(gigabytes, 1), "GB/s"});
  }
  if (as_json) return put_json({{"isa", kernels::isa_name()}, {"multiply_add", fma}, {"copy", copy}});
  put(aligned(rows));
}

}  // namespace

void declare_bench_roof(CLI::App& parent, Program& program) {
  auto threads = std::make_shared<std::vector<std::string>>();
  CLI::App& sub = sub_command(parent, "roof", "Multiply-adds and memory copies of the machine itself");
  texts_option(sub, "--threads", *threads,
               "Threads to measure with; may be repeated [1, 2, 4, ... all cores]");
  json_flag(sub, program);
  examples(sub, {"mosaic bench roof", "mosaic bench roof --threads 1 --json"});
  on_chosen(sub, program, [threads, &program] { roof(*threads, program.json); });
}

}  // namespace mosaic::apps
