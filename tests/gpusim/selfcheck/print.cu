// printf on the device.
#include <cuda_runtime.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "print";

// What is written to standard output while it lives.
class Capture {
 public:
  Capture() : file_(std::tmpfile()), before_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    dup2(fileno(file_), STDOUT_FILENO);
  }
  ~Capture() {
    finish();
    std::fclose(file_);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  std::string finish() {
    if (before_ < 0) return "";
    std::fflush(stdout);
    dup2(before_, STDOUT_FILENO);
    close(before_);
    before_ = -1;
    std::string text;
    std::rewind(file_);
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) text += static_cast<char>(c);
    return text;
  }

 private:
  std::FILE* file_;
  int before_;
};

__global__ void print(const char* name) {
  const int t = static_cast<int>(threadIdx.x);
  if (t == 5) printf("nothing but text: 100%%\n");
  if (t % 16 == 3) {
    printf("%d %5u|%-4d|%x %lld %c %s %.3f %g %s\n", -t, 7u + t, t, 255 + t, (1ll << 40) + t, 'a' + t % 16,
           "literal", t * 0.5, 1e10f, name);
  }
}

std::string formats() {
  const std::vector<char> word{'w', 'o', 'r', 'd', '\0'};
  Buffer<char> name(word);
  Capture capture;
  print<<<1, 32>>>(name.data());
  succeeded(cudaDeviceSynchronize());
  std::istringstream lines(capture.finish());
  std::set<std::string> got, want{"nothing but text: 100%"};
  for (std::string line; std::getline(lines, line);) got.insert(line);
  for (const int t : {3, 19}) {
    char line[200];
    std::snprintf(line, sizeof line, "%d %5u|%-4d|%x %lld %c %s %.3f %g %s", -t, 7u + t, t, 255 + t,
                  (1ll << 40) + t, 'a' + t % 16, "literal", t * 0.5, 1e10f, "word");
    want.insert(line);
  }
  if (got == want) return "";
  std::string wrong = "printed:";
  for (const std::string& line : got) wrong += " [" + line + "]";
  return wrong;
}
KERNEL_CASE(formats)

}  // namespace
}  // namespace gpusim::selfcheck
