// SPDX-License-Identifier: Apache-2.0
//
// Names that nobody declared.
//
// Says what may have been meant: a name of a loop that is gone, the word that
// other systems have for it, or the nearest name in scope.

#include "frontend/Sema/Evaluator.h"

#include "llvm/ADT/StringSwitch.h"

namespace lamina::sema {

/// The way out for a word of other systems.
static llvm::StringRef inOtherSystems(llvm::StringRef word) {
  return llvm::StringSwitch<llvm::StringRef>(word)
      .Case("None", "axes are not added: [b] meets [b, h, w] by name")
      .Case("True", "write 'true'")
      .Case("False", "write 'false'")
      .Cases({"Linear", "Affine", "FullyConnected"},
             "write 'Dense(units)'; the first call says how many inputs it has")
      .Case("Sequential", "layers follow one another by '>>'")
      .Cases({"MultiHeadAttention", "MultiheadAttention"},
             "write 'SelfAttention(heads)'")
      .Cases({"adamw", "AdamW"},
             "write 'adam(rate) | weight_decay(0.1) on matrices'")
      .Cases({"rotary", "rotary_embedding"}, "write 'rope'")
      .Cases({"mse", "mse_loss", "MSELoss"}, "write 'mean_squared(a, b)'")
      .Cases({"reshape", "view", "permute"},
             "say what one element is: 'y[b, (h, w)] = x[b, h, w]'")
      .Cases({"number", "hashed", "strip"},
             "lines of 'data' from a table or lines have it, for the texts of "
             "a record: 'number(.a)'")
      .Cases({"len", "shape"}, "'size(n)' is the size of the dimension n")
      .Cases({"range", "enumerate"}, "write 'for i < n { … }'")
      .Cases({"concat", "concatenate", "cat"},
             "write 'join(a, b)', or 'join(a, b over n)'")
      .Cases({"einsum", "matmul", "bmm"},
             "write 'a @ b', or 'y[i, j] = sum[k](a[i, k] * b[k, j])'")
      .Default("");
}

/// Where the nearest of the scopes has `name` among these names.
static Range findAmong(llvm::MapVector<Symbol, Range> Scope::*names,
                       Scope *scope, Symbol name) {
  for (; scope; scope = scope->outer)
    if (auto it = (scope->*names).find(name); it != (scope->*names).end())
      return it->second;
  return {};
}

Value Evaluator::unknownName(const ast::NameExpr *expr) {
  // Bound to the error, so that it is said once a scope.
  auto bound = [&] {
    scope->bind(expr->name, Value::error(expr->range), Binding::Name,
                expr->range);
    return Value::error(expr->range);
  };
  for (Scope *at = scope; at; at = at->outer)
    if (at->hasNamesInError)
      return bound();
  Range loop = findAmong(&Scope::goneWithLoops, scope, expr->name);
  if (loop.isKnown()) {
    report(Rule::name_c4, expr->range,
           "'" + expr->name +
               "' is defined inside of a loop, and gone after it")
        .note(loop, "defined here")
        .note(
            "define it before the loop too: then it goes from round to round");
    return bound();
  }
  auto &diag =
      report(Rule::name_c1, expr->range, "no '" + expr->name + "' here");
  Range untyped = findAmong(&Scope::untypedData, scope, expr->name);
  if (untyped.isKnown())
    diag.note(untyped, "'" + expr->name +
                           "' has no type in this line, so it is no field of "
                           "the data")
        .note("give it its type: '" + expr->name + ": [n] = …'");
  else if (llvm::StringRef advice = inOtherSystems(expr->name); !advice.empty())
    diag.note(advice);
  else if (auto names = session.similar(*currentFile(), expr->name, scope);
           !names.empty())
    diag.note("did you mean '" + names.front() + "'?");
  return bound();
}

} // namespace lamina::sema
