// SPDX-License-Identifier: Apache-2.0
//
// Which weights a stage or an update is for.
//
// Groups are predicates over the dotted name and the rank of a weight (one copy
// of a repeated layer). They are made where they are written and asked when all
// weights are known.

#include "frontend/Sema/Entries.h"

namespace lamina::sema {

using GroupPointer = std::shared_ptr<const GroupExpr>;

//===-- From expressions --------------------------------------------------===//

static std::shared_ptr<GroupExpr> make(GroupExpr::Kind kind, Range range) {
  auto group = std::make_shared<GroupExpr>();
  group->kind = kind;
  group->range = range;
  return group;
}

static GroupPointer makeOf(GroupExpr::Kind kind, Range range,
                           std::vector<GroupPointer> parts) {
  for (const GroupPointer &part : parts)
    if (!part)
      return nullptr;
  auto group = make(kind, range);
  group->parts = std::move(parts);
  return group;
}

static GroupPointer groupOfValue(Evaluator &e, const Value &value,
                                 Range range) {
  switch (value.kind) {
  case Value::Error:
    return nullptr;
  case Value::Group:
    return value.group;
  case Value::Text: {
    auto group = make(GroupExpr::Pattern, range);
    group->pattern = value.text;
    return group;
  }
  case Value::Field: {
    auto group = make(GroupExpr::Tree, range);
    group->field = value;
    return group;
  }
  case Value::RunTime:
    // `net.kernel`: a weight by its name.
    if (llvm::isa<core::Leaf>(value.expr) || value.expr->type.isTree()) {
      auto group = make(GroupExpr::Tree, range);
      group->field = value;
      return group;
    }
    [[fallthrough]];
  default:
    e.report(Rule::group_c2, range,
             "a group is a pattern, a field, 'matrices', 'vectors', or these "
             "with 'and', 'or', 'not', and this is " +
                 value.describe());
    return nullptr;
  }
}

GroupPointer groupOf(Evaluator &e, const ast::Expr *written) {
  const ast::Expr *expr = ast::withoutParens(const_cast<ast::Expr *>(written));
  Range range = expr->range;
  if (auto *binary = llvm::dyn_cast<ast::BinaryExpr>(expr)) {
    if (binary->op == ast::BinaryOp::And || binary->op == ast::BinaryOp::Or)
      return makeOf(
          binary->op == ast::BinaryOp::And ? GroupExpr::And : GroupExpr::Or,
          range, {groupOf(e, binary->left), groupOf(e, binary->right)});
  }
  if (auto *unary = llvm::dyn_cast<ast::UnaryExpr>(expr);
      unary && unary->op == ast::UnaryOp::Not)
    return makeOf(GroupExpr::Not, range, {groupOf(e, unary->operand)});
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(expr)) {
    // Words of groups; a name of the program goes before them.
    bool isWord = name->name == "matrices" || name->name == "vectors";
    if (isWord && !e.lookUp(name->name))
      return make(name->name == "matrices" ? GroupExpr::Matrices
                                           : GroupExpr::Vectors,
                  range);
  }
  return groupOfValue(e, e.evaluate(expr), range);
}

Value groupValue(Evaluator &e, FileScope &file, const ast::GroupDecl &decl) {
  llvm::SaveAndRestore<Scope *> in(e.scope, &file);
  GroupPointer group = groupOf(e, decl.value);
  if (!group)
    return Value::error(decl.range);
  Value value;
  value.kind = Value::Group;
  value.range = decl.name.range;
  value.group = group;
  return value;
}

//===-- Asking ------------------------------------------------------------===//

/// `*` stands for any run of characters, dots too.
static bool matches(llvm::StringRef pattern, llvm::StringRef text) {
  size_t star = llvm::StringRef::npos, mark = 0, p = 0, t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != llvm::StringRef::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.drop_front(p).find_first_not_of('*') == llvm::StringRef::npos;
}

/// Names from the root of the tree down to `expr`.
static void appendNames(const core::Expr *expr,
                        llvm::SmallVectorImpl<Symbol> &names) {
  if (auto *part = llvm::dyn_cast<core::TreePart>(expr)) {
    appendNames(part->tree, names);
    names.push_back(part->name);
  } else if (auto *leaf = llvm::dyn_cast<core::Leaf>(expr)) {
    appendNames(leaf->tree, names);
    names.push_back(leaf->name);
  }
}

static bool isBelow(const Value &field, const core::WeightLeaf &leaf) {
  llvm::SmallVector<Symbol, 6> names;
  appendNames(field.expr, names);
  return names.size() <= leaf.path.parts.size() &&
         std::equal(names.begin(), names.end(), leaf.path.parts.begin());
}

bool isInGroup(const GroupExpr &group, const core::WeightLeaf &leaf) {
  auto isIn = [&](const GroupPointer &part) { return isInGroup(*part, leaf); };
  switch (group.kind) {
  case GroupExpr::All:
    return true;
  case GroupExpr::Pattern:
    return matches(group.pattern, leaf.path.str());
  case GroupExpr::Tree:
    return isBelow(group.field, leaf);
  case GroupExpr::Matrices:
    return leaf.member->type.rank() >= 2;
  case GroupExpr::Vectors:
    return leaf.member->type.rank() < 2;
  case GroupExpr::And:
    return llvm::all_of(group.parts, isIn);
  case GroupExpr::Or:
    return llvm::any_of(group.parts, isIn);
  case GroupExpr::Not:
    return !isIn(group.parts[0]);
  }
  llvm_unreachable("every kind of group is listed");
}

/// Patterns and fields of a group that are in none of the leaves.
void reportEmptyGroups(Evaluator &e, const GroupExpr &group,
                       llvm::ArrayRef<core::WeightLeaf> leaves) {
  if (group.kind == GroupExpr::Pattern) {
    for (const core::WeightLeaf &leaf : leaves)
      if (isInGroup(group, leaf))
        return;
    Diagnostic &d =
        e.report(Rule::group_c1, group.range,
                 "no weight has a name like '" + group.pattern + "'");
    std::vector<std::pair<unsigned, std::string>> near;
    for (const core::WeightLeaf &leaf : leaves) {
      std::string name = leaf.path.str();
      near.push_back(
          {llvm::StringRef(name).edit_distance(group.pattern), name});
    }
    std::sort(near.begin(), near.end());
    std::string list;
    for (size_t i = 0; i < std::min<size_t>(3, near.size()); ++i)
      list += (i ? ", " : "") + near[i].second;
    if (!list.empty())
      d.note("weights are " + list + (near.size() > 3 ? ", …" : ""));
    return;
  }
  for (const GroupPointer &part : group.parts)
    reportEmptyGroups(e, *part, leaves);
}

} // namespace lamina::sema
