// SPDX-License-Identifier: Apache-2.0
//
// Packed data of any bytes.
//
// Any bytes as a raw deflate stream, unpacked by the runtime and by a plain
// loop around zlib: both give the same bytes, or both refuse.

#include "runtime/Files/Files.h"

#include <zlib.h>

using namespace lamina::runtime;

/// zlib's answer; false if it refuses, or has not got to the end.
static bool inflateByZlib(const uint8_t *data, size_t size,
                          std::vector<char> &out) {
  z_stream stream{};
  inflateInit2(&stream, -15);
  stream.next_in = const_cast<Bytef *>(data);
  stream.avail_in = uInt(size);
  int status = Z_OK;
  char block[1 << 14];
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef *>(block);
    stream.avail_out = sizeof block;
    status = inflate(&stream, Z_NO_FLUSH);
    out.insert(out.end(), block, block + (sizeof block - stream.avail_out));
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto *bytes = reinterpret_cast<const char *>(data);
  std::vector<char> expected;
  bool good = inflateByZlib(data, size, expected);
  try {
    std::vector<char> out = inflateRaw(bytes, size, expected.size(), "fuzz");
    if (!good || out != expected)
      __builtin_trap();
  } catch (const Error &) {
    if (good)
      __builtin_trap();
  }
  try {
    gunzip(bytes, size, "fuzz");
  } catch (const Error &) {
    return 0;
  }
  return 0;
}
