// SPDX-License-Identifier: Apache-2.0
//
// The parser and formatter over the corpus.
//
// Arguments: folders with .lam files. Every one parses without a diagnostic
// and without a decision that needs more than SLL prediction; it formats to a
// text with the same tree, and formatting that changes nothing. Mutations of
// the files never crash and give at most one error for each statement.

#include "frontend/AST/Format.h"
#include "frontend/Grammar/Parse.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <random>

using namespace lamina;

static unsigned numFailures = 0;

static void fail(llvm::StringRef path, const llvm::Twine &what) {
  llvm::errs() << path << ": " << what << '\n';
  ++numFailures;
}

static std::vector<std::string> findFiles(int argc, char **argv) {
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(argv[i], error), end;
         it != end && !error; it.increment(error))
      if (llvm::sys::path::extension(it->path()) == ".lam")
        files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

static std::string getTree(const ast::FileAST &ast) {
  std::string text;
  llvm::raw_string_ostream os(text);
  ast::print(ast, os);
  return text;
}

/// Parses and formats one file; returns its text.
static std::string checkFile(const std::string &path) {
  SourceManager sources;
  std::string why;
  FileID file = sources.readFile(path, why);
  if (!file.isKnown()) {
    fail(path, why);
    return "";
  }
  Diagnostics diags(sources);
  ast::FileAST ast = parse(file, diags);
  if (!ast.isWhole || !diags.getAll().empty()) {
    fail(path, "does not parse");
    diags.print(llvm::errs());
    return sources.getText(file).str();
  }
  if (unsigned conflicts = countConflicts(file, sources))
    fail(path, llvm::Twine(conflicts) + " conflicts of prediction");

  std::string once = format(ast, sources);
  FileID again = sources.addText(path, once);
  ast::FileAST second = parse(again, diags);
  if (getTree(ast) != getTree(second)) {
    fail(path, "the formatted text has another tree");
    diags.print(llvm::errs());
  }
  if (format(second, sources) != once)
    fail(path, "formatting twice differs from formatting once");
  return once;
}

/// The same tokens and lines with other blanks between and before them.
static std::string respace(const ast::FileAST &ast, std::mt19937 &random) {
  std::string text;
  for (const ast::Token &token : ast.tokens) {
    if (token.startsLine && !text.empty())
      text += token.blankLinesBefore ? "\n\n\n" : "\n";
    // Names at the first column may be taken for the begin of a declaration.
    text.append(1 + random() % 4, ' ');
    text += token.text.rtrim();
  }
  return text + '\n';
}

static void checkSpacing(const std::string &path, const std::string &text,
                         unsigned rounds) {
  std::mt19937 random(7);
  SourceManager sources;
  Diagnostics diags(sources);
  ast::FileAST ast = parse(sources.addText(path, text), diags);
  for (unsigned i = 0; i < rounds; ++i) {
    FileID file = sources.addText(path, respace(ast, random));
    ast::FileAST spaced = parse(file, diags);
    std::string once = format(spaced, sources);
    ast::FileAST second = parse(sources.addText(path, once), diags);
    if (getTree(second) != getTree(ast))
      fail(path, "with other blanks the tree is another");
    if (format(second, sources) != once)
      fail(path, "with other blanks formatting is not stable");
  }
}

/// Takes out, doubles or swaps pieces of the text.
static std::string mutate(std::string text, std::mt19937 &random) {
  auto below = [&](size_t n) { return n ? random() % n : 0; };
  for (unsigned n = 1 + unsigned(below(3)); n > 0 && text.size() > 2; --n) {
    size_t at = below(text.size()), length = 1 + below(6);
    switch (below(4)) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, text.substr(below(text.size()), length));
      break;
    case 2:
      text.insert(at, 1, "(){}[];:=~,.\"\n?|-"[below(17)]);
      break;
    default:
      std::swap(text[at], text[below(text.size())]);
    }
  }
  return text;
}

static void checkMutations(const std::string &path, const std::string &text,
                           unsigned rounds) {
  std::mt19937 random(20260);
  for (unsigned i = 0; i < rounds; ++i) {
    SourceManager sources;
    FileID file = sources.addText(path, mutate(text, random));
    Diagnostics diags(sources);
    ast::FileAST ast = parse(file, diags);
    if (ast.isWhole == diags.hasErrors())
      fail(path, "mutation " + llvm::Twine(i) +
                     ": a tree has holes exactly if there were errors");
    (void)getTree(ast);
  }
}

int main(int argc, char **argv) {
  std::vector<std::string> files = findFiles(argc, argv);
  if (files.empty())
    fail("arguments", "no .lam files");
  for (const std::string &path : files) {
    std::string text = checkFile(path);
    checkSpacing(path, text, 5);
    checkMutations(path, text, 100);
  }
  llvm::outs() << files.size() << " files, " << numFailures << " failures\n";
  return numFailures != 0;
}
