// SIGINT and SIGTERM: the first asks to stop at the next safe point, the second ends the process at once.
#pragma once

#include <atomic>

namespace mosaic::apps {

// Installs the handlers and ignores SIGPIPE, so that a closed pipe is an error code and not a death in a
// save.
void install_signal_handlers();
// Whether somebody asked to stop.
bool interrupted();
// The same as something a library can look at.
const std::atomic<bool>& stop_flag();
// Throws Interrupted when somebody did; `what` says what was saved ("checkpoint at update 120").
void stop_if_interrupted(const char* what);

}  // namespace mosaic::apps
