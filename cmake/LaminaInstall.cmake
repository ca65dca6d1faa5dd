# What an installed Lamina has: tools, the shared library, the runtime's archive,
# and the headers that a plugin needs, our own and the generated ones.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(TARGETS lamina lamina-opt lamina-kernel lamina-reference RUNTIME DESTINATION bin)
install(TARGETS Lamina LaminaIR LIBRARY DESTINATION lib)
install(TARGETS LaminaRuntime ARCHIVE DESTINATION lib)
install(DIRECTORY dialects passes backends DESTINATION include/lamina
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
install(DIRECTORY runtime/ABI runtime/include DESTINATION include/lamina/runtime
  FILES_MATCHING PATTERN "*.h")
# What calls a module for WebAssembly in JavaScript.
install(FILES examples/browser/lamina.mjs DESTINATION share/lamina)
install(DIRECTORY ${CMAKE_BINARY_DIR}/dialects ${CMAKE_BINARY_DIR}/passes DESTINATION include/lamina
  FILES_MATCHING PATTERN "*.h.inc" PATTERN "CMakeFiles" EXCLUDE)

configure_package_config_file(cmake/LaminaConfig.cmake.in
  ${CMAKE_BINARY_DIR}/LaminaConfig.cmake INSTALL_DESTINATION lib/cmake/Lamina)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/LaminaConfigVersion.cmake
  COMPATIBILITY ExactVersion)
install(FILES ${CMAKE_BINARY_DIR}/LaminaConfig.cmake ${CMAKE_BINARY_DIR}/LaminaConfigVersion.cmake
  DESTINATION lib/cmake/Lamina)
