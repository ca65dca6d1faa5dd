# Pages that are made from the descriptions in TableGen. They are committed, so that they
# can be read without a build; a test says when they are stale.
set(LAMINA_GENERATE_DOCS python3 ${CMAKE_SOURCE_DIR}/tools/scripts/generate_docs.py --tools ${LAMINA_LLVM_TOOLS})
list(GET MLIR_INCLUDE_DIRS 0 folder)
list(APPEND LAMINA_GENERATE_DOCS --include ${folder})
add_custom_target(docs COMMAND ${LAMINA_GENERATE_DOCS} VERBATIM)
