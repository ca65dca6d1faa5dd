// SPDX-License-Identifier: Apache-2.0
//
// OpenCL, as far as we call it.

#include "runtime/OpenCL/Library.h"

#include "runtime/include/Error.h"

#include <dlfcn.h>

namespace lamina {
namespace runtime {
namespace opencl {

std::string describe(Result result) {
  switch (result) {
  case -2:
    return "CL_DEVICE_NOT_AVAILABLE";
  case -3:
    return "CL_COMPILER_NOT_AVAILABLE";
  case noAllocation:
    return "CL_MEM_OBJECT_ALLOCATION_FAILURE";
  case outOfResources:
    return "CL_OUT_OF_RESOURCES";
  case outOfHostMemory:
    return "CL_OUT_OF_HOST_MEMORY";
  case -11:
    return "CL_BUILD_PROGRAM_FAILURE";
  case -14:
    return "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST";
  case -36:
    return "CL_INVALID_COMMAND_QUEUE";
  case -46:
    return "CL_INVALID_KERNEL_NAME";
  case -54:
    return "CL_INVALID_WORK_GROUP_SIZE";
  default:
    return join("error ", result);
  }
}

static Library load() {
  void *library = ::dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw Error("there is no OpenCL on this machine: 'libOpenCL.so.1' is not "
                "found");
  Library found{};
#define LAMINA_OPENCL_FIND(name, symbol, result, arguments)                    \
  found.name =                                                                 \
      reinterpret_cast<result(*) arguments>(::dlsym(library, #symbol));        \
  if (!found.name)                                                             \
    throw Error("the OpenCL of this machine is too old: its library has no "   \
                "'" #symbol "'");
  LAMINA_OPENCL_FUNCTIONS(LAMINA_OPENCL_FIND)
#undef LAMINA_OPENCL_FIND
  return found;
}

const Library &Library::get() {
  static const Library library = load();
  return library;
}

} // namespace opencl
} // namespace runtime
} // namespace lamina
