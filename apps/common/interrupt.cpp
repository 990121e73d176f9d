#include "apps/common/interrupt.h"

#include <unistd.h>

#include <csignal>

#include "engine/core/error.h"

namespace mosaic::apps {
namespace {

std::atomic<bool> asked = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

extern "C" void on_signal(int) {
  if (asked.exchange(true)) _exit(130);
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

bool interrupted() {
  return asked;
}
const std::atomic<bool>& stop_flag() {
  return asked;
}

void stop_if_interrupted(const char* what) {
  if (interrupted()) throw Interrupted("interrupt", what);
}

}  // namespace mosaic::apps
