// SPDX-License-Identifier: Apache-2.0
//
// What a training run shows.
//
// Steps in, lines on the standard output out.

#include "runtime/Progress/Progress.h"

#include <cmath>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lamina {
namespace runtime {

static constexpr double secondsBetweenBars = 0.1, secondsBetweenLines = 10;

std::string clockTime(double seconds) {
  int64_t s = seconds > 0 && seconds < 1e9 ? int64_t(std::llround(seconds)) : 0;
  char text[40];
  if (s >= 3600)
    std::snprintf(text, sizeof text, "%d:%02d:%02d", int(s / 3600),
                  int(s / 60 % 60), int(s % 60));
  else
    std::snprintf(text, sizeof text, "%d:%02d", int(s / 60), int(s % 60));
  return text;
}

std::string metricsText(const NamedNumbers &metrics) {
  std::string out;
  for (const auto &metric : metrics) {
    char number[40];
    std::snprintf(number, sizeof number, "%.4g",
                  std::isnan(metric.second) ? std::fabs(metric.second)
                                            : metric.second);
    out += (out.empty() ? "" : "  ") + metric.first + " " + number;
  }
  return out;
}

Progress::Progress(int64_t first, int64_t total)
    : terminal(::isatty(STDOUT_FILENO) == 1), first(first), total(total),
      lastStep(first), start(Clock::now()), lastDrawn(start),
      firstStepEnd(start) {}

Progress::~Progress() { clear(); }

static int terminalWidth() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
             ? size.ws_col
             : 80;
}

std::string Progress::describe(int64_t step,
                               const NamedNumbers &metrics) const {
  // The first step is slower than the others, so it does not count.
  double seconds =
      std::chrono::duration<double>(Clock::now() - firstStepEnd).count();
  int64_t steps = step - first - 1;
  std::string out = join("step ", step, "/", total);
  if (!metrics.empty())
    out += "  " + metricsText(metrics);
  if (steps > 0 && seconds > 0) {
    char speed[80];
    std::snprintf(
        speed, sizeof speed, "  %.4g steps/s  %s left", double(steps) / seconds,
        clockTime(seconds / double(steps) * double(total - step)).c_str());
    out += speed;
  }
  return out;
}

void Progress::draw(int64_t step, const NamedNumbers &metrics) {
  std::string text = describe(step, metrics);
  if (terminal) {
    int room = terminalWidth() - int(text.size()) - 3;
    int width = room < 30 ? room : 30;
    if (width >= 8) {
      int full = int(step * width / (total > 0 ? total : 1));
      std::string bar;
      for (int i = 0; i < width; ++i)
        bar += i < full ? "━" : "╌";
      text = bar + "  " + text;
    }
    std::printf("\r\x1b[K%s", text.c_str());
    drawn = true;
  } else {
    std::printf("%s\n", text.c_str());
  }
  std::fflush(stdout);
  lastDrawn = Clock::now();
}

void Progress::step(int64_t step, const NamedNumbers &metrics,
                    int64_t stepRecords) {
  records += stepRecords;
  lastStep = step;
  bool isFirst = step == first + 1;
  if (isFirst)
    firstStepEnd = Clock::now();
  double waited =
      std::chrono::duration<double>(Clock::now() - lastDrawn).count();
  if (isFirst || step == total ||
      waited >= (terminal ? secondsBetweenBars : secondsBetweenLines))
    draw(step, metrics);
}

void Progress::clear() {
  if (!drawn)
    return;
  std::printf("\r\x1b[K");
  std::fflush(stdout);
  drawn = false;
}

void Progress::line(const std::string &text) {
  clear();
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

} // namespace runtime
} // namespace lamina
