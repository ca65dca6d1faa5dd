// SPDX-License-Identifier: Apache-2.0
//
// Text and JSON lines of any bytes.
//
// Any bytes in; values or an `Error` out, nothing else.

#include "runtime/Data/Source.h"
#include "runtime/Files/Files.h"

#include <unistd.h>

using namespace lamina::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    std::string path = join("/tmp/lamina-fuzz-lines-", int64_t(::getpid()));
    AtomicFile file(path);
    file.write(data, size);
    file.commit();
    SourcePlan plan;
    plan.name = "fuzz";
    plan.kind = "lines";
    plan.file = path;
    Column column;
    column.name = "text";
    column.element = Element::I32;
    column.shape = {-1};
    plan.columns.push_back(column);
    auto source = Source::open(plan);
    for (int64_t i = 0; i < source->count(); ++i) {
      std::vector<int32_t> out(size_t(source->length(i, 0)) + 1);
      source->read(i, 0, reinterpret_cast<char *>(out.data()));
    }
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
