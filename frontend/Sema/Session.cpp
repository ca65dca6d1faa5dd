// SPDX-License-Identifier: Apache-2.0
//
// Files and their declarations.
//
// A file's names are declared at once and evaluated when they are reached. A
// name of the file goes before one of an import, which goes before the
// library's.

#include "frontend/Sema/Session.h"

#include "frontend/Grammar/Parse.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

#include "library/Index.h"

namespace lamina::sema {

Session::Session(SourceManager &sources, Diagnostics &diags,
                 const SemaOptions &options, core::Program &program)
    : sources(sources), diags(diags), options(options), program(program),
      dims(program.dims) {}
Session::~Session() = default;

Diagnostic &Session::report(Rule rule, Range range, const llvm::Twine &text) {
  if (!muted)
    return diags.report(rule, range, text);
  if (getSeverity(rule) == Severity::Error)
    ++numMuted;
  dropped = Diagnostic{rule, range, {}, {}, {}};
  return dropped;
}

FileScope *Session::addFile(ast::FileAST ast) {
  FileScope *file = make<FileScope>();
  file->id = ast.file;
  file->ast = std::move(ast);
  file->isLibrary = sources.isLibrary(file->id);
  filesByPath[sources.getPath(file->id)] = file;
  if (!root)
    root = file;
  declare(*file);
  return file;
}

static void forEachName(const ast::Decl *decl,
                        llvm::function_ref<void(ast::Name)> visit) {
  if (auto *d = llvm::dyn_cast<ast::ConstDecl>(decl))
    visit(d->name);
  else if (auto *d = llvm::dyn_cast<ast::LayerDecl>(decl))
    visit(d->name);
  else if (auto *d = llvm::dyn_cast<ast::FunctionDecl>(decl))
    visit(d->name);
  else if (auto *d = llvm::dyn_cast<ast::OptimizerDecl>(decl))
    visit(d->name);
  else if (auto *d = llvm::dyn_cast<ast::GroupDecl>(decl))
    visit(d->name);
  else if (auto *d = llvm::dyn_cast<ast::DataDecl>(decl))
    llvm::for_each(d->names, visit);
}

Range nameRange(const ast::Decl *decl, Symbol name) {
  Range found = decl->range, first;
  forEachName(decl, [&](ast::Name n) {
    if (!first.isKnown())
      first = n.range;
    if (n.text == name)
      found = n.range;
  });
  return name.empty() && first.isKnown() ? first : found;
}

static bool isSample(const ast::Decl *decl) {
  auto *function = llvm::dyn_cast<ast::FunctionDecl>(decl);
  return function && function->functionKind == ast::FunctionKind::Sample;
}

void Session::declare(FileScope &file) {
  for (ast::Decl *decl : file.ast.decls) {
    if (auto *import = llvm::dyn_cast<ast::ImportDecl>(decl))
      this->import(file, *import);
    reportDuplicates(*this, decl);
    forEachName(decl, [&](ast::Name name) {
      auto [it, isNew] = file.decls.insert({name.text, decl});
      if (isNew)
        return;
      // `data text` and `sample text`: a command may be called like its data.
      if (isSample(decl) && llvm::isa<ast::DataDecl>(it->second))
        return;
      if (isSample(it->second) && llvm::isa<ast::DataDecl>(decl)) {
        it->second = decl;
        return;
      }
      report(Rule::name_c2, name.range,
             "'" + name.text + "' is declared twice in this file")
          .note(nameRange(it->second, name.text), "first here");
    });
  }
}

void Session::import(FileScope &file, const ast::ImportDecl &decl) {
  llvm::SmallString<128> path(
      llvm::sys::path::parent_path(sources.getPath(file.id)));
  llvm::sys::path::append(path, decl.path->value);
  FileScope *target = filesByPath.lookup(path);
  if (!target) {
    std::string why;
    FileID id = sources.readFile(path, why, decl.range);
    if (!id.isKnown()) {
      report(Rule::import_c1, decl.path->range,
             "'" + decl.path->value + "' cannot be read: " + why);
      return;
    }
    // Registered before its own imports are read, so that cycles end.
    ast::FileAST ast = parse(id, diags);
    target = addFile(std::move(ast));
  } else {
    if (target == &file)
      report(Rule::import_c2, decl.range,
             "'" + decl.path->value + "' is this file itself");
    for (Range at = sources.getImportedAt(file.id); at.isKnown();
         at = sources.getImportedAt(sources.getFile(at)))
      if (sources.getFile(at) == target->id)
        report(Rule::import_c2, decl.range,
               "'" + decl.path->value + "' imports this file itself");
  }
  if (decl.as)
    file.modules.insert({decl.as.text, target});
  else
    file.imports.push_back(target);
}

FileScope *Session::libraryFile(Symbol name) {
  std::optional<library::File> found = library::findFile(name);
  if (!found)
    return nullptr;
  if (FileScope *file = filesByPath.lookup(found->path))
    return file;
  FileID id = sources.addText(found->path, found->text.str(), true);
  return addFile(parse(id, diags));
}

std::pair<FileScope *, ast::Decl *> Session::findDecl(FileScope &file,
                                                      Symbol name) {
  if (auto *decl = file.decls.lookup(name))
    return {&file, decl};
  for (FileScope *import : file.imports)
    if (auto *decl = import->decls.lookup(name))
      return {import, decl};
  if (FileScope *library = libraryFile(name))
    if (auto *decl = library->decls.lookup(name))
      return {library, decl};
  return {nullptr, nullptr};
}

std::vector<std::string> Session::similar(FileScope &file, Symbol name,
                                          const Scope *inner) {
  // Letters apart when case does not count, then when it does.
  std::vector<std::tuple<unsigned, unsigned, std::string>> found;
  unsigned limit = name.size() <= 4 ? 1 : 2;
  std::string lower = name.lower();
  auto consider = [&](llvm::StringRef other) {
    unsigned distance = llvm::StringRef(lower).edit_distance(other.lower());
    if (distance <= limit && distance < name.size())
      found.push_back({distance, name.edit_distance(other), other.str()});
  };
  for (const Scope *at = inner; at; at = at->outer) {
    for (auto &[known, binding] : at->names)
      if (!binding.value.isError())
        consider(known);
    auto *layer = at->kind == Scope::Layer
                      ? static_cast<const LayerScope *>(at)->state
                      : nullptr;
    if (layer)
      for (const ast::Decl *member : layer->decl->members)
        if (auto *field = llvm::dyn_cast<ast::FieldDecl>(member))
          for (const ast::Name &each : field->names)
            consider(each.text);
  }
  for (auto &entry : file.decls)
    consider(entry.first);
  for (FileScope *import : file.imports)
    for (auto &entry : import->decls)
      consider(entry.first);
  for (llvm::StringRef other : library::allNames())
    consider(other);
  llvm::sort(found);
  std::vector<std::string> names;
  for (auto &entry : found)
    if (!llvm::is_contained(names, std::get<2>(entry)))
      names.push_back(std::get<2>(entry));
  return names;
}

} // namespace lamina::sema
