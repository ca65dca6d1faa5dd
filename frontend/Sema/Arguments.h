// SPDX-License-Identifier: Apache-2.0
//
// Arguments of a call, matched with the parameters of what is called.

#ifndef LAMINA_FRONTEND_SEMA_ARGUMENTS_H
#define LAMINA_FRONTEND_SEMA_ARGUMENTS_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

class Arguments {
public:
  explicit Arguments(Evaluator &e) : e(e) {}

  /// May a value be given to a parameter of type `mask` or `score`? Reports.
  bool fitsMask(const ast::Parameter &parameter, const EvaluatedArg &arg);
  bool match(llvm::ArrayRef<ast::Parameter> parameters,
             llvm::ArrayRef<NamedValue> given, const Args &args,
             llvm::StringRef name, Range range,
             std::vector<struct BoundArg> &bound,
             llvm::ArrayRef<ast::Parameter> settings = {});
  bool reportTwice(llvm::StringRef name, Range range, Range first);
  /// `a, b, c`, for messages.
  static std::string namesOf(llvm::ArrayRef<ast::Parameter> parameters);
  void addTypedDefaults(FrameScope &callee,
                        llvm::ArrayRef<ast::Parameter> parameters,
                        std::vector<struct BoundArg> &bound);
  void bind(FrameScope &callee, std::vector<struct BoundArg> &bound);
  void bindSettingDefaults(Scope &callee,
                           llvm::ArrayRef<ast::Parameter> parameters);

private:
  Evaluator &e;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_ARGUMENTS_H
