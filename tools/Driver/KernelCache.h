// SPDX-License-Identifier: Apache-2.0
//
// Compiled kernels on disk.
//
// A cache that cannot be written or read is no error: what is missing is
// compiled again.

#ifndef LAMINA_TOOLS_DRIVER_KERNELCACHE_H
#define LAMINA_TOOLS_DRIVER_KERNELCACHE_H

#include "backends/Backend.h"

#include <string>

namespace lamina::driver {

/// Folder of the cache: $LAMINA_CACHE, else lamina/ in $XDG_CACHE_HOME or
/// ~/.cache; empty if there is none.
std::string defaultCacheFolder();

/// Twenty hexadecimal digits for a text.
std::string hashOf(llvm::StringRef text);

/// Fills `object` and `device` of `kernel` from a file; false if it is not
/// there. An empty path is no file.
bool readKernel(const std::string &path, CompiledKernel &kernel);
void writeKernel(const std::string &path, const CompiledKernel &kernel);

/// The bytes of a file of the cache; nothing if it is not there.
std::string readBytes(const std::string &path);
/// Written beside the target and renamed, so that a reader never sees a part.
void writeBytes(const std::string &path, llvm::StringRef bytes);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_KERNELCACHE_H
