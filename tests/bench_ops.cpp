// Speed of the fused ops beside the memory's:
//   bench_ops [--op NAME] [--shape AxB...] [--threads N] [--repeat N] [--clock wall|cpu]
// The cpu clock adds up the threads' time: for machines that are busy with something else. Run by hand;
// without arguments every op runs on its usual shapes. GB/s counts each tensor read or written once, so it
// can be compared with the "copy" line, the machine's rate for large tensors.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"

using namespace mosaic;

namespace {

using Sizes = std::vector<int64_t>;

// One op on one shape: values touched by a pass, in units of its elements.
struct Work {
  std::function<Tensor()> run;
  std::vector<Tensor> leaves;
  double elements = 0;
  double forward_values = 0, backward_values = 0;  // 0: no backward
};

struct Entry {
  const char* name;
  const char* meaning;  // of the shape's sizes
  std::vector<Sizes> shapes;
  std::function<Work(const Sizes&)> make;
};

Generator& draws() {
  static Generator rng(1);
  return rng;
}

Tensor drawn(const Shape& shape) {
  return normal(shape, 0, 1, draws());
}

Tensor leaf(const Shape& shape) {
  Tensor x = drawn(shape);
  x.track();
  return x;
}

Work copy_work(const Sizes& s) {
  const Tensor x = drawn({s[0], s[1]}), y = empty_like(x);
  return {[=] {
            copy_(y, x);
            return y;
          },
          {},
          static_cast<double>(x.numel()),
          2,
          0};
}

Work softmax_work(const Sizes& s, bool log) {
  const Tensor x = leaf({s[0], s[1]});
  return {[=] { return log ? log_softmax(x) : softmax(x); }, {x}, static_cast<double>(x.numel()), 2, 3};
}

Work cross_entropy_work(const Sizes& s) {
  const Tensor x = leaf({s[0], s[1]});
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < s[0]; ++i) ids.push_back(static_cast<int32_t>(i * 7 % s[1]));
  const Tensor targets = Tensor::from(ids, {s[0]});
  return {[=] { return cross_entropy(x, targets, 0.1); }, {x}, static_cast<double>(x.numel()), 1, 2};
}

Work layer_norm_work(const Sizes& s) {
  const Tensor x = leaf({s[0], s[1]}), gamma = leaf({s[1]}), beta = leaf({s[1]});
  return {[=] { return layer_norm(x, gamma, beta); }, {x, gamma, beta}, static_cast<double>(x.numel()), 2, 3};
}

Work add_layer_norm_work(const Sizes& s, double p) {
  const Tensor x = leaf({s[0], s[1]}), y = leaf({s[0], s[1]}), gamma = leaf({s[1]}), beta = leaf({s[1]});
  return {[=] { return add_layer_norm(x, y, p, &draws(), gamma, beta); },
          {x, y, gamma, beta},
          static_cast<double>(x.numel()),
          4,
          4};
}

Work dropout_work(const Sizes& s) {
  const Tensor x = leaf({s[0], s[1]});
  return {[=] { return dropout(x, 0.1, draws()); }, {x}, static_cast<double>(x.numel()), 2, 2};
}

// Sizes: batch, queries, keys, heads, width of a head. Elements are the probabilities.
Work attention_work(const Sizes& s, bool causal, double p) {
  const int64_t width = s[3] * s[4];
  const Tensor q = leaf({s[0], s[1], width}), k = leaf({s[0], s[2], width}), v = leaf({s[0], s[2], width});
  const double elements = static_cast<double>(s[0] * s[1] * s[2] * s[3]);
  const double rows = static_cast<double>(2 * q.numel() + 2 * k.numel()) / elements;
  return {[=] {
            return attention(
                q, k, v, {.heads = s[3], .causal = causal, .key_mask = {}, .dropout = p, .rng = &draws()});
          },
          {q, k, v},
          elements,
          rows + 1,
          2 * rows + 1};
}

Work mix_work(const Sizes& s, bool per_neuron) {
  const Tensor stack = leaf({s[0], s[1], s[2]});
  const Tensor alpha = per_neuron ? leaf({s[1], s[0]}) : leaf({s[0]});
  const double m = static_cast<double>(s[0]);
  return {[=] { return mix_experts(alpha, stack); },
          {alpha, stack},
          static_cast<double>(s[1] * s[2]),
          m + 1,
          2 * m + 1};
}

Work adamw_work(const Sizes& s) {
  const Tensor w = drawn({s[0], s[1]}), g = drawn({s[0], s[1]}), m = drawn({s[0], s[1]}), v = square(m);
  return {[=] {
            adamw_(w, g, m, v,
                   {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .weight_decay = 0.01, .step = 5});
            return w;
          },
          {},
          static_cast<double>(w.numel()),
          7,
          0};
}

std::vector<Entry> entries() {
  const std::vector<Sizes> rows = {{4096, 128}, {4096, 512}}, logits = {{4096, 8000}};
  const std::vector<Sizes> heads = {{128, 32, 32, 4, 32}, {128, 32, 32, 8, 64}, {400, 10, 10, 4, 32},
                                    {68, 60, 60, 4, 64},  {64, 64, 64, 2, 128}, {128, 32, 32, 8, 16}};
  const std::vector<Sizes> steps = {{4, 1, 30, 8, 64}, {400, 1, 30, 4, 32}};
  return {
      {"copy", "rows x columns", logits, copy_work},
      {"softmax", "rows x columns", rows, [](const Sizes& s) { return softmax_work(s, false); }},
      {"log_softmax", "rows x columns", rows, [](const Sizes& s) { return softmax_work(s, true); }},
      {"cross_entropy", "rows x classes", logits, cross_entropy_work},
      {"layer_norm", "rows x columns", rows, layer_norm_work},
      {"add_layer_norm", "rows x columns", rows, [](const Sizes& s) { return add_layer_norm_work(s, 0); }},
      {"add_dropout_layer_norm", "rows x columns", rows,
       [](const Sizes& s) { return add_layer_norm_work(s, 0.1); }},
      {"dropout", "rows x columns", rows, dropout_work},
      {"attention", "batch x queries x keys x heads x width", heads,
       [](const Sizes& s) { return attention_work(s, false, 0); }},
      {"causal_attention",
       "batch x queries x keys x heads x width",
       {heads[0], heads[3]},
       [](const Sizes& s) { return attention_work(s, true, 0); }},
      {"dropout_attention",
       "batch x queries x keys x heads x width",
       {heads[0], heads[3]},
       [](const Sizes& s) { return attention_work(s, false, 0.1); }},
      {"decode_attention", "batch x 1 x keys x heads x width", steps,
       [](const Sizes& s) { return attention_work(s, false, 0); }},
      {"mix_experts",
       "experts x out x in",
       {{2, 512, 128}, {2, 2048, 512}},
       [](const Sizes& s) { return mix_work(s, false); }},
      {"mix_neurons",
       "experts x out x in",
       {{2, 512, 128}, {2, 2048, 512}},
       [](const Sizes& s) { return mix_work(s, true); }},
      {"adamw", "rows x columns", {{512, 128}, {4096, 4096}}, adamw_work},
  };
}

bool cpu_clock = false;

double now_ms() {
  if (cpu_clock) return static_cast<double>(std::clock()) * 1e3 / CLOCKS_PER_SEC;
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

double median_ms(int repeat, const std::function<void()>& f) {
  std::vector<double> times;
  f();
  for (int i = 0; i < repeat; ++i) {
    const double start = now_ms();
    f();
    times.push_back(now_ms() - start);
  }
  std::nth_element(times.begin(), times.begin() + repeat / 2, times.end());
  return times[static_cast<size_t>(repeat / 2)];
}

std::string text_of(const Sizes& sizes) {
  std::string text;
  for (const int64_t size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

void print_line(const char* name, const std::string& shape, const char* pass, double ms, double elements,
                double values) {
  std::printf("%-24s %-20s %-9s %10.4f ms %8.3f ns/element %7.2f GB/s\n", name, shape.c_str(), pass, ms,
              ms * 1e6 / elements, values * elements * 4 / (ms * 1e6));
  std::fflush(stdout);
}

void bench(const Entry& entry, const Sizes& shape, int repeat) {
  const Work work = entry.make(shape);
  const std::string sizes = text_of(shape);
  {
    const NoGrad off;
    print_line(entry.name, sizes, "evaluate", median_ms(repeat, [&] { work.run(); }), work.elements,
               work.forward_values);
  }
  if (work.backward_values == 0) return;
  Tensor y;
  print_line(entry.name, sizes, "forward", median_ms(repeat, [&] { y = work.run(); }), work.elements,
             work.forward_values);
  const Tensor dy = drawn(y.shape());
  const auto backward = [&] {  // the rule alone: a sweep would copy the seed first
    for (const Tensor& x : work.leaves) x.zero_grad();
    GradSink sink(y.node());
    y.node()->rule({.saved = y.node()->saved, .dy = dy, .sink = sink});
  };
  print_line(entry.name, sizes, "backward", median_ms(repeat, backward), work.elements, work.backward_values);
}

Sizes parse_shape(const std::string& text) {
  Sizes sizes;
  for (size_t from = 0; from <= text.size();) {
    const size_t to = std::min(text.find('x', from), text.size());
    sizes.push_back(std::atoll(text.substr(from, to - from).c_str()));
    from = to + 1;
  }
  return sizes;
}

}  // namespace

int main(int count, char** arguments) try {
  std::string op;
  Sizes shape;
  int repeat = 31;
  for (int i = 1; i < count; i += 2) {
    const std::string option = arguments[i];
    check(i + 1 < count, "bench_ops", option, " needs a value");
    const char* value = arguments[i + 1];
    if (option == "--op") {
      op = value;
    } else if (option == "--shape") {
      shape = parse_shape(value);
    } else if (option == "--threads") {
      set_threads(std::atoi(value));
    } else if (option == "--repeat") {
      repeat = std::atoi(value);
    } else if (option == "--clock") {
      cpu_clock = std::string(value) == "cpu";
    } else {
      throw ArgumentError("bench_ops",
                          cat("knows --op, --shape, --threads, --repeat and --clock, not ", option));
    }
  }
  std::printf("%s, %d threads\n", kernels::isa_name(), threads());
  bool known = false;
  for (const Entry& entry : entries()) {
    if (!op.empty() && op != entry.name) continue;
    known = true;
    check(shape.empty() || shape.size() == entry.shapes[0].size(), "bench_ops", entry.name,
          " takes a shape of ", entry.meaning);
    for (const Sizes& sizes : shape.empty() ? entry.shapes : std::vector<Sizes>{shape})
      bench(entry, sizes, repeat);
  }
  check(known, "bench_ops", "no op '", op, "'");
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
