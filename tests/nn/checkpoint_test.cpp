// Checkpoints: round trip, rotation, damage, averaging.
#include <unistd.h>

#include <fstream>

#include "engine/core/file.h"
#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / cat("mosaic-checkpoint-", ::getpid())) {
    fs::remove_all(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Run {
  Run() : model({.in = 2, .hidden = 4, .out = 1}, rng), optimizer(named_parameters(model), {.lr = 0.05}) {}
  void train(int updates) {
    for (int i = 0; i < updates; ++i, ++step) {
      optimizer.zero_grad();
      const Tensor x = normal({8, 2}, 0, 1, data);
      mean(square(sub(model(x), sum(x, 1, true)))).backward();
      optimizer.step();
    }
  }
  Checkpoint checkpoint() {
    Checkpoint saved{.step = step, .model = state_dict(model), .optimizer = optimizer.state(), .state = {}};
    saved.state["data"] = generator_state(data);
    return saved;
  }
  void restore(const Checkpoint& saved) {
    step = saved.step;
    load(model, saved.model);
    optimizer.load(*saved.optimizer);
    data = generator_from(saved.state.at("data"), "data");
  }
  Generator rng{1}, data{2};
  MLP model;
  AdamW optimizer;
  int64_t step = 0;
};

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

void flip_bit(const fs::path& path, size_t at) {
  std::string bytes = read_file(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 4);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_CASE("a resumed run ends with the weights of an uninterrupted one") {
  const Folder folder;
  Run straight, first, second;
  straight.train(9);
  first.train(4);
  save_checkpoint(folder / "c", first.checkpoint());
  second.train(1);  // whatever it was before
  second.restore(load_checkpoint(folder / "c"));
  CHECK(second.step == 4);
  second.train(5);
  const StateDict a = state_dict(straight.model), b = state_dict(second.model);
  for (const auto& [name, tensor] : a) CHECK(tensor.values() == b.at(name).values());
}

TEST_CASE("a folder is replaced whole, and left alone when the new one cannot be written") {
  const Folder folder;
  Run run;
  save_checkpoint(folder / "c", run.checkpoint());
  run.train(1);
  save_checkpoint(folder / "c", run.checkpoint());
  CHECK(load_checkpoint(folder / "c").step == 1);
  Checkpoint bad = run.checkpoint();
  bad.step = 2;
  bad.model["\xff"] = Tensor::scalar(1);
  CHECK_THROWS_AS(save_checkpoint(folder / "c", bad), Error);
  CHECK(load_checkpoint(folder / "c").step == 1);
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("any damaged byte is noticed, with the file's name") {
  const Folder folder;
  Run run;
  save_checkpoint(folder / "c", run.checkpoint());
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json"}) {
    const fs::path path = folder / "c" / name;
    const size_t size = read_file(path).size();
    for (const size_t at : {size_t{0}, size / 2, size - 1}) {
      flip_bit(path, at);
      const std::string message = message_of([&] { load_checkpoint(folder / "c"); });
      CHECK(message.find(name) != std::string::npos);
      CHECK(message.find("damaged") != std::string::npos);
      flip_bit(path, at);
    }
  }
  const fs::path manifest = folder / "c" / "manifest.json";
  const std::string good = read_file(manifest);
  for (size_t at = 0; at < good.size(); ++at) {
    flip_bit(manifest, at);
    bool same = false;
    try {
      same = load_checkpoint(folder / "c").step == 0;
    } catch (const Error&) {
      same = true;
    }
    CHECK(same);  // refused, or only white space changed
    flip_bit(manifest, at);
  }
  CHECK(load_checkpoint(folder / "c").step == 0);
  fs::remove(folder / "c" / "optimizer.safetensors");
  CHECK_THROWS_AS(load_checkpoint(folder / "c"), ResourceError);
}

TEST_CASE("a manifest that lies is refused") {
  const Folder folder;
  Run run;
  save_checkpoint(folder / "c", run.checkpoint());
  const fs::path path = folder / "c" / "manifest.json";
  const json good = load_json(path);
  const auto refused = [&](const json& manifest, const std::string& reason) {
    save_json(path, manifest);
    const std::string message = message_of([&] { load_checkpoint(folder / "c"); });
    CHECK_MESSAGE(message.find(reason) != std::string::npos, message);
  };
  json outside = good;
  outside["files"]["../../etc/passwd"] = good["files"]["state.json"];
  refused(outside, "unknown file");
  json newer = good;
  newer["version"] = 2;
  refused(newer, "format version 2");
  json other_step = good;
  other_step["step"] = 77;
  refused(other_step, "step 77");
  json other = good;
  other["format"] = "something";
  refused(other, "something");
  json fewer = good;
  fewer["files"].erase("state.json");
  refused(fewer, "state.json");
  json without = good;
  without["files"].erase("optimizer.safetensors");
  refused(without, "disagree");
}

TEST_CASE("the store keeps the newest, skips the damaged and never removes named ones") {
  const Folder folder;
  const CheckpointStore store(folder.path(), 3);
  CHECK(!store.latest());
  Run run;
  store.save_as("best", run.checkpoint());
  for (int i = 0; i < 5; ++i) {
    run.train(1);
    store.save(run.checkpoint());
  }
  CHECK(store.steps() == std::vector<int64_t>{3, 4, 5});
  CHECK(store.latest()->step == 5);
  flip_bit(store.path_of(5) / "model.safetensors", 100);
  std::vector<std::string> skipped;
  CHECK(store.latest(&skipped)->step == 4);
  CHECK(skipped.size() == 1);
  CHECK(load_checkpoint(store.path_of("best")).step == 0);
  CHECK_THROWS_AS(store.path_of("../x"), ArgumentError);
  CHECK_THROWS_AS(store.save_as("step-0000000001", run.checkpoint()), ArgumentError);
  CHECK_THROWS_AS(CheckpointStore(folder.path(), 0), ArgumentError);
}

TEST_CASE("what a killed process left half-written is cleared away and never read") {
  const Folder folder;
  const CheckpointStore store(folder.path(), 3);
  fs::create_directories(folder / ".saving-999999999-step-0000000007");
  Run run;
  store.save(run.checkpoint());
  CHECK(store.steps() == std::vector<int64_t>{0});
  CHECK(!fs::exists(folder / ".saving-999999999-step-0000000007"));
}

TEST_CASE("averages of weights") {
  const Folder folder;
  Run run;
  std::vector<StateDict> dicts;
  std::vector<fs::path> paths;
  for (int i = 0; i < 3; ++i) {
    run.train(1);
    dicts.push_back(clone(state_dict(run.model)));
    paths.push_back(folder / cat("c", i));
    save_checkpoint(paths.back(), run.checkpoint());
  }
  const StateDict mean = average(dicts);
  const std::string name = "layers.0.weight";
  for (size_t i = 0; i < 8; ++i) {
    const double expected =
        (dicts[0].at(name).values()[i] + dicts[1].at(name).values()[i] + dicts[2].at(name).values()[i]) / 3;
    CHECK(mean.at(name).values()[i] == doctest::Approx(expected).epsilon(1e-6));
  }
  CHECK(average_checkpoints(paths).at(name).values() == mean.at(name).values());
  CHECK(average({dicts[0]}).at(name).values() == dicts[0].at(name).values());
  CHECK_THROWS_AS(average({}), ArgumentError);
  dicts[1].erase(name);
  CHECK_THROWS_AS(average(dicts), FormatError);
}

TEST_CASE("weights that are not finite are counted") {
  StateDict dict{
      {"a", Tensor::full({3}, 1)}, {"b", Tensor::full({2}, std::nan(""))}, {"c", Tensor::full({2}, 1, i32)}};
  CHECK(non_finite(dict) == std::map<std::string, int64_t>{{"b", 2}});
}

TEST_CASE("a generator's place in its stream survives") {
  Generator rng(0xfedcba9876543210ull);
  rng.next();
  Generator back = generator_from(generator_state(rng), "rng");
  CHECK(back.next() == rng.next());
  json bad = generator_state(rng);
  bad["key"] = "xyz";
  CHECK_THROWS_AS(generator_from(bad, "rng"), FormatError);
}
