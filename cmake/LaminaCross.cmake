# The runtime for other machines, lib/<triple>/liblamina_runtime.a, with Debian's
# cross compilers and zlib (`./dev deps cross` installs both). A machine for which
# they are not installed is left out, and `lamina build --target` says what is
# missing.
include(ExternalProject)

set(LAMINA_CROSS_TARGETS "aarch64-linux-gnu" CACHE STRING
  "machines to build the runtime for as well, where '<triple>-g++' is found")
set(LAMINA_CROSS_FOUND "")

foreach(triple IN LISTS LAMINA_CROSS_TARGETS)
  find_program(LAMINA_CXX_${triple} ${triple}-g++)
  find_file(LAMINA_ZLIB_${triple} libz.a PATHS /usr/lib/${triple} NO_DEFAULT_PATH)
  if(NOT LAMINA_CXX_${triple} OR NOT LAMINA_ZLIB_${triple})
    continue()
  endif()
  string(REGEX REPLACE "-.*" "" processor ${triple})
  if(CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL processor)
    continue()
  endif()
  list(APPEND LAMINA_CROSS_FOUND ${triple})
  ExternalProject_Add(LaminaRuntime-${triple}
    SOURCE_DIR ${CMAKE_SOURCE_DIR}/cmake/CrossRuntime
    BINARY_DIR ${CMAKE_BINARY_DIR}/cross/${triple}
    CMAKE_ARGS
      -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=${processor}
      -DCMAKE_CXX_COMPILER=${LAMINA_CXX_${triple}}
      -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
      -DCMAKE_BUILD_TYPE=Release
      -DLAMINA_LLVM_TOOLS=${LAMINA_LLVM_TOOLS}
      -DLAMINA_ZLIB=${LAMINA_ZLIB_${triple}}
      -DCMAKE_ARCHIVE_OUTPUT_DIRECTORY=${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/${triple}
    BUILD_ALWAYS TRUE # its own build knows what changed
    BUILD_BYPRODUCTS ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/${triple}/liblamina_runtime.a
    INSTALL_COMMAND "")
  install(FILES ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/${triple}/liblamina_runtime.a
    DESTINATION lib/${triple} OPTIONAL) # a build of some targets only lacks it
endforeach()
