// Training-time sampling: what each policy draws and that it depends on seed and update alone.
#include <doctest/doctest.h>

#include <set>

#include "nas/sampler.h"
#include "nas_support.h"

using namespace mosaic;
using namespace mosaic::nas;
using mosaic::mos::Space;
using mosaic::mos::space_named;

TEST_CASE("the sandwich is random, largest, smallest, and shares its random part with the single path") {
  const Space space = space_named("tiny");
  const Sampler sandwich(space, {.policy = Policy::sandwich, .seed = 9, .pinned = {}});
  const Sampler single(space, {.policy = Policy::single, .seed = 9, .pinned = {}});
  for (const int64_t update : {0, 1, 2, 1000}) {
    const auto three = sandwich.draw(update);
    REQUIRE(three.size() == 3);
    CHECK(three[1] == space.largest());
    CHECK(three[2] == space.smallest());
    CHECK(single.draw(update) == std::vector<mos::Arch>{three[0]});
    CHECK(sandwich.draw(update) == three);  // another rank, another run
  }
  CHECK(!(single.draw(1) == single.draw(2)));
  CHECK(!(Sampler(space, {.policy = Policy::single, .seed = 10, .pinned = {}}).draw(1) == single.draw(1)));
  const Sampler hat(space,
                    {.policy = Policy::sandwich, .random = 2, .extremes = mos::Extremes::hat, .pinned = {}});
  CHECK(hat.draw(0).size() == 4);
  CHECK(hat.draw(0)[2] == space.largest(mos::Extremes::hat));
}

TEST_CASE("a pinned sampler always gives its architecture, and refuses one of another space") {
  const Space space = space_named("tiny");
  const mos::Arch arch = space.smallest();
  CHECK(Sampler(space, {.policy = Policy::pinned, .pinned = arch}).draw(5) == std::vector<mos::Arch>{arch});
  CHECK(!refusal([&] {
           Sampler(space, {.policy = Policy::pinned, .pinned = space_named("nano").smallest()});
         }).empty());
  CHECK(policy_named("sandwich") == Policy::sandwich);
  CHECK(!refusal([] { policy_named("burger"); }).empty());
}

TEST_CASE("fixed sets are distinct, repeatable and end in small spaces") {
  const Sampler sampler(space_named("nano"), {.seed = 3, .pinned = {}});
  const auto set = sampler.fixed_set(50);
  std::set<std::string> distinct;
  for (const mos::Arch& a : set) distinct.insert(a.text());
  CHECK(distinct.size() == 50);
  CHECK(sampler.fixed_set(50) == set);
  CHECK(!(sampler.fixed_set(50, "latency") == set));
  CHECK(sampler.fixed_set(200).size() == 200);
}
