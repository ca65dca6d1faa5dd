// SPDX-License-Identifier: Apache-2.0
//
// Access to attributes of the tape.
//
// What the parts of `Program::read` share: attributes with defaults and symbols
// that must name something.

#ifndef LAMINA_RUNTIME_PROGRAM_PROGRAMREADER_H
#define LAMINA_RUNTIME_PROGRAM_PROGRAMREADER_H

#include "runtime/Program/Program.h"

namespace lamina {
namespace runtime {

inline std::string textOr(const Json &op, const char *key,
                          const char *fallback = "") {
  const Json *value = op.find(key);
  return value && !value->isNull() ? value->asText() : fallback;
}

inline int64_t intOr(const Json &op, const char *key, int64_t fallback) {
  const Json *value = op.find(key);
  return value && !value->isNull() ? value->asInt() : fallback;
}

inline bool boolOr(const Json &op, const char *key, bool fallback) {
  const Json *value = op.find(key);
  return value && !value->isNull() ? value->asBool() : fallback;
}

/// The items of a list, or of nothing if the key is not there.
inline const std::vector<Json> &listOr(const Json &op, const char *key) {
  static const std::vector<Json> empty;
  const Json *value = op.find(key);
  return value && !value->isNull() ? value->items() : empty;
}

/// The index in `things` of the one with the name that `op` has under `key`;
/// `none` if the key is not there. Throws if the name is unknown.
template <typename Thing>
size_t symbolOr(const Json &op, const char *key,
                const std::vector<Thing> &things) {
  const Json *value = op.find(key);
  if (!value || value->isNull())
    return none;
  for (size_t i = 0; i < things.size(); ++i)
    if (things[i].name == value->asText())
      return i;
  value->complain(join(quote(key), " names ", quote(value->asText()),
                       ", which is not there"));
}

template <typename Thing>
size_t symbol(const Json &op, const char *key,
              const std::vector<Thing> &things) {
  op[key]; // throws if it is not there
  return symbolOr(op, key, things);
}

/// Words of a vocabulary: a list, or the text "bytes", which gives none.
std::vector<std::string> readWords(const Json *value);

void readVariable(const Json &op, Program &program);
void readScalar(const Json &op, Program &program);
void readSource(const Json &op, Program &program);
void readDataset(const Json &op, Program &program);
void readReport(const Json &op, Program &program);
void readTrain(const Json &op, Program &program);
void readSample(const Json &op, Program &program);
void readTest(const Json &op, Program &program);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_PROGRAM_PROGRAMREADER_H
