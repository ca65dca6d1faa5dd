# Targets of the project. Assertions stay on in every build type: they are how
# the invariants that the code states are tested.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")

add_library(LaminaFlags INTERFACE)
target_include_directories(LaminaFlags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(LaminaFlags INTERFACE -Wall -Wextra -Wno-unused-parameter
  $<$<CXX_COMPILER_ID:GNU>:-Wno-comment -Wno-dangling-pointer -Wno-maybe-uninitialized>)
if(LAMINA_WERROR)
  target_compile_options(LaminaFlags INTERFACE -Werror)
endif()
foreach(sanitizer IN LISTS LAMINA_SANITIZE)
  target_compile_options(LaminaFlags INTERFACE -fsanitize=${sanitizer} -fno-omit-frame-pointer)
  target_link_options(LaminaFlags INTERFACE -fsanitize=${sanitizer})
endforeach()
if(LAMINA_SANITIZE)
  # Generated kernels have no signatures in front of them that a call could check;
  # and a loop with checks in it need not become vectors, whatever its pragma says.
  target_compile_options(LaminaFlags INTERFACE
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function -Wno-pass-failed>)
endif()

# What includes MLIR headers. They are most of a translation unit's time, so they
# are compiled once; our own headers stay out, or every change would rebuild them.
add_library(LaminaMLIR INTERFACE)
separate_arguments(LAMINA_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(LaminaMLIR INTERFACE ${LAMINA_LLVM_DEFINITIONS})
target_include_directories(LaminaMLIR SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_link_libraries(LaminaMLIR INTERFACE LaminaFlags)
target_compile_options(LaminaMLIR INTERFACE -fno-exceptions)

set(LAMINA_PRECOMPILED "" CACHE FILEPATH
  "a precompiled Precompiled.h of another build folder with the same flags, to share it")
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(LaminaMLIR INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()
add_library(LaminaPCH OBJECT ${CMAKE_SOURCE_DIR}/cmake/Precompiled.cpp)
target_link_libraries(LaminaPCH PRIVATE LaminaMLIR)
if(LAMINA_PRECOMPILED)
  target_compile_options(LaminaMLIR INTERFACE
    "SHELL:-Xclang -include-pch -Xclang ${LAMINA_PRECOMPILED}")
else()
  target_precompile_headers(LaminaPCH PRIVATE ${CMAKE_SOURCE_DIR}/cmake/Precompiled.h)
endif()

# lamina_compiler_library(Name SOURCES a.cpp … [DEPENDS TableGenTarget …])
# A part of the compiler. Dialects and passes are linked into libLaminaIR, all other
# parts into libLamina: a plugin finds every symbol, and lamina-opt needs the first only.
function(lamina_compiler_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} OBJECT ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE LaminaMLIR)
  if(NOT LAMINA_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM LaminaPCH)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(TARGET LaminaDialectHeaders)
    add_dependencies(${name} LaminaDialectHeaders)
  endif()
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(folder MATCHES "^(dialects|passes)")
    set_property(GLOBAL APPEND PROPERTY LAMINA_IR_LIBRARIES ${name})
  else()
    set_property(GLOBAL APPEND PROPERTY LAMINA_COMPILER_LIBRARIES ${name})
  endif()
endfunction()

# lamina_tablegen(Target File.td out.inc -gen-flag … [out2.inc -gen-flag2 …])
# Runs mlir-tblgen on File.td once for each pair of output and flags (quoted).
function(lamina_tablegen target file)
  set(LLVM_TARGET_DEFINITIONS ${file})
  set(rest ${ARGN})
  while(rest)
    list(POP_FRONT rest out flags)
    separate_arguments(flags)
    mlir_tablegen(${out} ${flags} EXTRA_INCLUDES ${CMAKE_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()
