// mosaic bench gemm: the products of models, beside the roof and beside BLAS libraries.
#include <cmath>
#include <map>

#include "apps/commands/bench.h"
#include "apps/common/aligned.h"
#include "apps/common/roof.h"
#include "apps/common/timed_products.h"
#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace {

struct GemmCommand {
  std::vector<std::string> threads;
  std::string only, peer = "all", clock = "wall";
  int64_t rounds = 9;
  double milliseconds = 4;
};

std::vector<BlasPeer> peers_of(const GemmCommand& command) {
  std::vector<BlasPeer> peers;
  if (command.peer == "none") return peers;
  for (BlasPeer& peer : BlasPeer::found())
    if (command.peer == "all" || command.peer == peer.name()) peers.push_back(std::move(peer));
  if (peers.empty()) warn("no BLAS library found (libopenblas.so.0, libblis.so.4): nothing to compare with");
  return peers;
}

json result_of(const ProductShape& shape, const ProductTiming& timing, double roof) {
  const double speed = shape.operations() / timing.seconds * 1e-9;
  json out = {{"product", shape.name()},
              {"m", shape.m},
              {"k", shape.k},
              {"n", shape.n},
              {"batch", shape.batch},
              {"threads", threads()},
              {"microseconds", timing.seconds * 1e6},
              {"gigaflops_per_second", speed},
              {"share_of_roof", speed / roof},
              {"peers", json::object()}};
  for (const ProductTiming::Peer& peer : timing.peers)
    out["peers"][peer.name] = {{"microseconds", peer.seconds * 1e6},
                               {"gigaflops_per_second", shape.operations() / peer.seconds * 1e-9},
                               {"over_ours", peer.over_ours}};
  return out;
}

std::vector<std::string> row_of(const json& result, const std::vector<BlasPeer>& peers) {
  std::vector<std::string> row = {result["product"].get<std::string>(),
                                  fixed(result["microseconds"].get<double>(), 1),
                                  fixed(result["gigaflops_per_second"].get<double>(), 1),
                                  cat(fixed(100 * result["share_of_roof"].get<double>(), 0), " %")};
  for (const BlasPeer& peer : peers) {
    const json& theirs = result["peers"];
    const bool there = theirs.contains(peer.name());
    row.push_back(there ? fixed(theirs[peer.name()]["gigaflops_per_second"].get<double>(), 1) : "");
    row.push_back(there ? fixed(theirs[peer.name()]["over_ours"].get<double>(), 2) : "");
  }
  return row;
}

// exp of the mean logarithm of a peer's ratios, and how often ours was not slower.
json summary_of(const std::vector<double>& ratios) {
  double logs = 0;
  int64_t ahead = 0;
  for (const double ratio : ratios) logs += std::log(ratio), ahead += ratio >= 1;
  return {{"geometric_mean", std::exp(logs / static_cast<double>(ratios.size()))},
          {"smallest", *std::min_element(ratios.begin(), ratios.end())},
          {"products", ratios.size()},
          {"not_slower", ahead}};
}

std::string summary_line(const std::string& name, const json& s) {
  return cat(name, ": time over ours ", fixed(s["geometric_mean"].get<double>(), 2),
             " (geometric mean), at least ", fixed(s["smallest"].get<double>(), 2),
             "; ours is not slower in ", s["not_slower"].dump(), " of ", s["products"].dump(), "\n");
}

// All products on `team` threads; appends to "results" and "summaries".
void measure(const GemmCommand& command, const std::vector<BlasPeer>& peers, int team, json& all,
             bool as_json) {
  set_threads(team);
  const double roof = fma_roof();
  all["roofs"].push_back({{"threads", team}, {"gigaflops_per_second", roof}});
  std::vector<std::vector<std::string>> rows = {{"product", "us", "GFLOP/s", "of roof"}};
  for (const BlasPeer& peer : peers) rows[0].insert(rows[0].end(), {peer.name(), "over ours"});
  std::map<std::string, std::vector<double>> ratios;
  const Clock clock = clock_of(command.clock, team);
  const ProcessorShare processor;
  for (const ProductShape& shape : product_shapes()) {
    if (shape.name().find(command.only) == std::string::npos) continue;
    const ProductTiming timing =
        time_product(shape, peers, command.rounds, command.milliseconds * 1e-3, clock);
    for (const auto& peer : timing.peers) ratios[peer.name].push_back(peer.over_ours);
    all["results"].push_back(result_of(shape, timing, roof));
    rows.push_back(row_of(all["results"].back(), peers));
  }
  const double share = processor.share();
  warn_when_busy(share);
  all["roofs"].back()["processor_share"] = share;
  check<UsageError>(rows.size() > 1, "--only", "no product's name has \"", command.only, "\" in it");
  if (!as_json)
    put(cat(team, team == 1 ? " thread" : " threads", ", ", kernels::isa_name(), ", roof ", fixed(roof, 1),
            " GFLOP/s\n", aligned(rows)));
  for (const auto& [name, values] : ratios) {
    json summary = summary_of(values);
    if (!as_json) put(summary_line(name, summary));
    summary.update({{"peer", name}, {"threads", team}});
    all["summaries"].push_back(summary);
  }
}

void gemm(const GemmCommand& command, bool as_json) {
  const std::vector<BlasPeer> peers = peers_of(command);
  const std::vector<int> teams = teams_of(command.threads);
  clock_of(command.clock, teams.back());
  json all = {{"isa", kernels::isa_name()},
              {"rounds", command.rounds},
              {"clock", command.clock},
              {"peers", json::object()}};
  for (const char* list : {"roofs", "results", "summaries"}) all[list] = json::array();
  for (const BlasPeer& peer : peers) {
    all["peers"][peer.name()] = peer.about();
    say(peer.name(), ": ", peer.about());
    if (teams.back() > 1 && !peer.shares_threads())
      warn(peer.name(), " has threads of its own, which spin: it is left out with more than one thread");
  }
  for (const int team : teams) measure(command, peers, team, all, as_json);
  if (as_json) put_json(all);
}

}  // namespace

void declare_bench_gemm(CLI::App& parent, Program& program) {
  auto command = std::make_shared<GemmCommand>();
  CLI::App& sub = sub_command(parent, "gemm", "Matrix products beside the roof and BLAS libraries, in turns");
  teams_option(sub, command->threads);
  text_option(sub, "--only", command->only, "Products with this in their name");
  choice_option(sub, "--peer", command->peer, {"all", "openblas", "blis", "none"}, "BLAS libraries to run");
  integer_option(sub, "--rounds", command->rounds, 1, 1000, "Turns of each");
  number_option(sub, "--milliseconds", command->milliseconds, 0, 10000, "Of a turn, at least one product");
  clock_option(sub, command->clock);
  json_flag(sub, program);
  examples(sub, {"mosaic bench gemm", "mosaic bench gemm --threads 1 --only linear --peer openblas --json"});
  on_chosen(sub, program, [command, &program] { gemm(*command, program.json); });
}

}  // namespace mosaic::apps
