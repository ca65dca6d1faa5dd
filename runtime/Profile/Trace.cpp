// SPDX-License-Identifier: Apache-2.0
//
// A profile as a trace.
//
// The JSON that chrome://tracing defines and Perfetto reads: one row for what
// the program does, one for the kernels, one for each thread that shares them.

#include "runtime/Json/Json.h"
#include "runtime/Profile/Profile.h"

#include <cstdio>

namespace lamina {
namespace runtime {

namespace {

/// Rows of the trace; workers follow.
enum Row { ProgramRow, KernelRow, FirstWorkerRow };

class TraceText {
public:
  explicit TraceText(int64_t begin) : begin(begin) {}

  void nameRow(int row, const std::string &name) {
    add(join("{\"ph\": \"M\", \"pid\": 1, \"tid\": ", row,
             ", \"name\": \"thread_name\", \"args\": {\"name\": ",
             jsonQuote(name), "}}"));
    add(join("{\"ph\": \"M\", \"pid\": 1, \"tid\": ", row,
             ", \"name\": \"thread_sort_index\", \"args\": {\"sort_index\": ",
             row, "}}"));
  }

  /// `arguments` are members of an object, or empty.
  void span(int row, const TimeSpan &time, const std::string &name,
            const char *category, const std::string &arguments) {
    char times[80];
    std::snprintf(times, sizeof times, "\"ts\": %.3f, \"dur\": %.3f",
                  double(time.begin - begin) * 1e-3,
                  double(time.end - time.begin) * 1e-3);
    add(join("{\"ph\": \"X\", \"pid\": 1, \"tid\": ", row, ", ", times,
             ", \"name\": ", jsonQuote(name), ", \"cat\": \"", category, "\"",
             arguments.empty() ? "" : join(", \"args\": {", arguments, "}"),
             "}"));
  }

  std::string finish(const std::string &program) {
    return join("{\"displayTimeUnit\": \"ms\", \"otherData\": {\"program\": ",
                jsonQuote(program), "},\n\"traceEvents\": [\n", text, "\n]}\n");
  }

private:
  void add(const std::string &event) {
    text += (text.empty() ? "" : ",\n") + event;
  }

  int64_t begin;
  std::string text;
};

} // namespace

static const char *categoryOf(Activity activity) {
  switch (activity) {
  case Activity::Step:
    return "step";
  case Activity::Entry:
    return "entry";
  case Activity::Data:
    return "data";
  case Activity::Report:
    return "report";
  case Activity::Files:
    return "files";
  }
  return "";
}

static std::string describe(const LaunchTime &launch,
                            const KernelInfo &kernel) {
  const LaunchSite &site = *launch.site;
  std::string out = join("\"kind\": ", jsonQuote(kernel.kind));
  if (!site.line.empty())
    out += join(", \"line\": ", jsonQuote(site.line));
  if (!site.layer.empty())
    out += join(", \"layer\": ", jsonQuote(site.layer));
  return out +
         join(", \"flops\": ", launch.flops, ", \"bytes\": ", launch.bytes);
}

std::string Profile::trace() const {
  TraceText text(whole.begin);
  text.nameRow(ProgramRow, "program");
  text.nameRow(KernelRow, "kernels");
  size_t workerRows = 0;
  for (const Launch &launch : launches)
    workerRows = std::max(workerRows, launch.time.workerCount);
  for (size_t worker = 0; worker < workerRows; ++worker)
    text.nameRow(FirstWorkerRow + int(worker), join("thread ", worker));
  for (const Span &span : spans)
    text.span(ProgramRow, span.time, span.name, categoryOf(span.activity), "");
  for (const Launch &launch : launches) {
    const KernelInfo &kernel = program.kernels[launch.time.site->kernel];
    text.span(KernelRow, launch.time.span, kernel.name, "kernel",
              describe(launch.time, kernel));
    for (size_t i = 0; i < launch.time.workerCount; ++i)
      text.span(FirstWorkerRow + int(i), workers[launch.firstWorker + i],
                kernel.name, "share", "");
  }
  return text.finish(program.name);
}

} // namespace runtime
} // namespace lamina
