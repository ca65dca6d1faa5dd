// SPDX-License-Identifier: Apache-2.0
//
// Lists of words read when compiling.
//
// A vocabulary is a text file with a word a line, looked up beside the source
// that names it; it is carried inside the program.

#include "frontend/Sema/Evaluator.h"
#include "frontend/Sema/Forms.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

namespace lamina::sema {

/// One word a line; false after a diagnostic.
static bool readWords(Evaluator &e, llvm::StringRef text,
                      const EvaluatedArg &file, core::Vocabulary &out) {
  llvm::SmallVector<llvm::StringRef, 0> lines;
  text.split(lines, '\n', -1, false);
  for (llvm::StringRef line : lines) {
    if (size_t bad = 0; !llvm::json::isUTF8(line, &bad)) {
      e.report(Rule::data_c4, file.range,
               "word " + llvm::Twine(out.words.size()) + " of '" +
                   file.value.text + "' is not UTF-8")
          .note("'bytes' is the vocabulary of all bytes");
      return false;
    }
    out.words.push_back(line.rtrim('\r').str());
  }
  return true;
}

Value Forms::formVocabulary(llvm::StringRef, const Args &args, Range range) {
  if (args.size() != 1 || args[0].value.kind != Value::Text) {
    e.report(Rule::call_c6, range, "'vocabulary' takes the name of a file");
    return Value::error(range);
  }
  FileID file = e.session.sources.getFile(args[0].range);
  llvm::SmallString<128> path(
      llvm::sys::path::parent_path(e.session.sources.getPath(file)));
  llvm::sys::path::append(path, args[0].value.text);
  Value value;
  value.kind = Value::Vocabulary;
  value.range = range;
  for (core::Vocabulary &known : e.program.vocabularies)
    if (known.file == path) {
      value.vocabulary = &known;
      return value;
    }
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer) {
    e.report(Rule::data_c4, args[0].range,
             "'" + args[0].value.text +
                 "' cannot be read: " + buffer.getError().message())
        .note("vocabularies are read when compiling, beside this file");
    return Value::error(range);
  }
  e.program.vocabularies.emplace_back();
  core::Vocabulary &made = e.program.vocabularies.back();
  made.file = e.program.intern(path);
  made.name = e.program.intern(llvm::sys::path::stem(path));
  if (!readWords(e, (*buffer)->getBuffer(), args[0], made))
    return Value::error(range);
  value.vocabulary = &made;
  return value;
}

/// `words.index("[MASK]")`: the place of a word.
Value Forms::wordIndex(const Value &vocabulary, const Args &args, Range range) {
  if (args.size() != 1 || args[0].value.kind != Value::Text) {
    if (args.empty() || !args[0].value.isError())
      e.report(Rule::call_c6, range, "'index' takes a word");
    return Value::error(range);
  }
  auto &words = vocabulary.vocabulary->words;
  for (auto [i, word] : llvm::enumerate(words))
    if (word == args[0].value.text)
      return Value::number(e.dims.constant(i), range);
  e.report(Rule::data_c4, args[0].range,
           "'" + args[0].value.text + "' is not in the vocabulary '" +
               vocabulary.vocabulary->name + "'");
  return Value::error(range);
}

} // namespace lamina::sema
