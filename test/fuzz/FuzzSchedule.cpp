// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes schedules as text: what is read, printed and read again is the same.

#include "backends/Halide/ScheduleText.h"

#include "llvm/Support/ErrorHandling.h"

#include <cstddef>
#include <cstdint>

using namespace lamina::halide;

static std::string print(const Directives &directives) {
  std::string text;
  llvm::raw_string_ostream out(text);
  printSchedule(directives, out);
  return text;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  ScheduleFault fault;
  std::optional<Directives> read =
      parseSchedule({reinterpret_cast<const char *>(bytes), size}, fault);
  if (!read)
    return 0;
  std::string text = print(*read);
  std::optional<Directives> again = parseSchedule(text, fault);
  if (!again || print(*again) != text)
    llvm::report_fatal_error("a printed schedule is read otherwise");
  return 0;
}
