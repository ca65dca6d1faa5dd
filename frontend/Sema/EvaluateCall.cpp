// SPDX-License-Identifier: Apache-2.0
//
// Calls.
//
// Functions are written out where they are called. A call with fewer arguments
// than are needed gives another function; calls of layers are in Layers.cpp.

#include "frontend/Sema/Arguments.h"
#include "frontend/Sema/Bind.h"
#include "frontend/Sema/LayerMembers.h"
#include "frontend/Sema/Primitives.h"
#include "frontend/Sema/Trees.h"

namespace lamina::sema {

Args Evaluator::arguments(const ast::CallExpr *expr) {
  Args args;
  for (const ast::Argument &argument : expr->arguments) {
    EvaluatedArg arg;
    arg.name = argument.name.text;
    arg.value = evaluate(argument.value);
    arg.over = argument.over;
    arg.source = argument.value;
    arg.range = argument.range;
    args.push_back(std::move(arg));
  }
  return args;
}

Value Evaluator::call(const ast::CallExpr *expr) {
  if (dataCall)
    if (auto value = dataCall(expr))
      return *value;
  const ast::Expr *callee =
      ast::withoutParens(const_cast<ast::Expr *>(expr->callee));
  if (auto *index = llvm::dyn_cast<ast::IndexExpr>(callee))
    if (auto value = indexedCall(index, expr))
      return *value;
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(callee))
    if (auto value = lookUp(name->name);
        value && value->kind == Value::Function &&
        value->callable->kind == Callable::Primitive)
      return primitiveCall(value->callable->primitive, *value, expr);
  if (auto *member = llvm::dyn_cast<ast::MemberExpr>(callee))
    if (auto value = Trees(*this).memberCall(member, expr))
      return *value;
  Value function = evaluate(callee);
  if (function.isError())
    return function;
  if (function.isNone()) {
    report(Rule::layer_c3, expr->range,
           "'" + text(callee) + "' is none here, and cannot be called")
        .note("ask first: '… if " + text(callee) + " else …'");
    return Value::error(expr->range);
  }
  return apply(function, arguments(expr), expr->range);
}

static bool anyError(const Args &args) {
  return llvm::any_of(args, [](auto &arg) { return arg.value.isError(); });
}

/// `[..., n]`: what has such a parameter works along the last dimension of it.
static bool worksAlongLast(const Value &callee, unsigned position) {
  const ast::FunctionDecl *decl = callee.callable->function;
  if (!decl || position >= decl->parameters.list.size())
    return false;
  auto *type = llvm::dyn_cast_or_null<ast::TensorType>(
      decl->parameters.list[position].type);
  return type && type->dimensions.size() > 1 &&
         !llvm::isa<ast::EllipsisExpr>(type->dimensions.back().size);
}

/// Whether a call of `callee` runs over what a signature says.
static bool hasSignature(const Value &callee) {
  if (callee.kind == Value::Field)
    return true;
  if (callee.kind == Value::RunTime)
    return callee.expr->type.isTree();
  if (callee.kind != Value::Function)
    return false;
  return callee.callable->kind == Callable::Lambda ||
         (callee.callable->kind == Callable::Function &&
          !callee.callable->self);
}

/// Only what is built in, or begins a run, has the dimension that a call names.
/// A function runs over those of its signature, and a name may but confirm
/// that; a layer and a function without a name have none to confirm.
static const EvaluatedArg *findIgnoredOver(Evaluator &e, const Value &callee,
                                           const Args &args) {
  if (!hasSignature(callee))
    return nullptr;
  for (auto [position, arg] : llvm::enumerate(args)) {
    if (!arg.over)
      continue;
    bool isTensor =
        arg.value.kind == Value::RunTime && arg.value.expr->type.isTensor();
    if (!isTensor || callee.kind != Value::Function ||
        !worksAlongLast(callee, position))
      return &arg;
    const core::Type &type = arg.value.expr->type;
    auto axis = e.axisOver(type, arg.over, arg.source);
    if (axis && *axis + 1 != type.rank())
      return &arg;
  }
  return nullptr;
}

/// A function, by what it was made of.
static Value applyCallable(Evaluator &e, const Value &callee, Args args,
                           Range range) {
  switch (callee.callable->kind) {
  case Callable::Function:
    return e.applyFunction(callee, std::move(args), range);
  case Callable::Lambda:
    return e.applyLambda(callee, std::move(args), range);
  case Callable::Primitive:
    return e.applyPrimitive(callee, std::move(args), range);
  case Callable::Chain:
    return e.applyChain(callee, std::move(args), range);
  default:
    e.report(Rule::mask_c4, range,
             "a mask is applied to positions, 'm[b, h, q, k]', and not called");
    return Value::error(range);
  }
}

Value Evaluator::apply(const Value &callee, Args args, Range range) {
  if (callee.isError() || anyError(args))
    return Value::error(range);
  if (const EvaluatedArg *ignored = findIgnoredOver(*this, callee, args)) {
    report(Rule::over_c1, ignored->over->range,
           "this call has no dimension to choose: its signature says what it "
           "runs over")
        .note("only what is built in, such as 'mean(x over t)', is told so");
    return Value::error(range);
  }
  switch (callee.kind) {
  case Value::Field:
    if (auto left = partialCall(callee, args, range))
      return *left;
    return callField(callee, "", std::move(args), range);
  case Value::Layer:
    return giveSettings(callee, std::move(args), range);
  case Value::Stage:
    return giveSettings(callee, std::move(args), range);
  case Value::Function:
    return applyCallable(*this, callee, std::move(args), range);
  case Value::RunTime:
    if (callee.expr->type.isTree())
      return callField(treeField(callee, range), "", std::move(args), range);
    [[fallthrough]];
  default:
    report(Rule::call_c9, range,
           "this is " + callee.describe() + ", and cannot be called");
    return Value::error(range);
  }
}

/// `Poet(class: c)`: a call with only named arguments, some of its tensors
/// missing.
std::optional<Value> Evaluator::partialCall(const Value &field,
                                            const Args &args, Range range) {
  if (args.empty() || field.callable->kind != Callable::Layer ||
      llvm::any_of(args, [](auto &arg) { return arg.name.empty(); }))
    return std::nullopt;
  for (const ast::Decl *member : field.callable->layer->members) {
    auto *call = llvm::dyn_cast<ast::FunctionDecl>(member);
    if (!call || !call->name.text.empty())
      continue;
    bool isMissing = llvm::any_of(call->parameters.list, [&](auto &parameter) {
      return !parameter.value && llvm::none_of(args, [&](auto &arg) {
        return arg.name == parameter.name.text;
      });
    });
    if (!isMissing)
      return std::nullopt;
    Value value = LayerMembers(*this).methodOf(field, *call, range);
    auto made = std::make_shared<Callable>(*value.callable);
    for (const EvaluatedArg &arg : args)
      made->given.push_back({arg.name, named(arg.name, arg.value, arg.range)});
    value.callable = made;
    return value;
  }
  return std::nullopt;
}

/// The first part takes the positional arguments; each part takes the named
/// ones that it has a parameter for.
Value Evaluator::applyChain(const Value &callee, Args args, Range range) {
  Value current;
  for (auto [i, part] : llvm::enumerate(callee.callable->parts)) {
    Args own;
    for (const EvaluatedArg &arg : args)
      if (arg.name.empty() ? i == 0 : takes(part, arg.name))
        own.push_back(arg);
    if (i)
      own.insert(own.begin(),
                 EvaluatedArg{"", current, nullptr, nullptr, range});
    current = named("", apply(part, std::move(own), range), range);
    if (current.isError())
      return current;
  }
  return current;
}

/// Has `callee` a parameter of this name?
bool Evaluator::takes(const Value &callee, Symbol name) {
  if (!callee.callable)
    return false;
  const Callable &callable = *callee.callable;
  auto has = [&](const ast::Parameters &parameters) {
    return llvm::any_of(parameters.list,
                        [&](auto &p) { return p.name.text == name; });
  };
  switch (callable.kind) {
  case Callable::Function:
    return has(callable.function->parameters);
  case Callable::Layer:
    for (const ast::Parameter &setting : callable.layer->settings.list)
      if (setting.type && setting.name.text == name)
        return true; // a mask or a score
    for (const ast::Decl *member : callable.layer->members)
      if (auto *call = llvm::dyn_cast<ast::FunctionDecl>(member);
          call && call->name.text.empty() && has(call->parameters))
        return true;
    return false;
  case Callable::Chain:
  case Callable::Copies:
  case Callable::Repeat:
  case Callable::Filtered:
    return llvm::any_of(callable.parts,
                        [&](auto &part) { return takes(part, name); });
  default:
    return false;
  }
}

namespace {

/// Another layer or optimizer stage like `callee`, with more settings given.
class GivenSettings {
public:
  GivenSettings(Evaluator &e, const Value &callee, Range range);

  /// False after a diagnostic.
  bool give(const EvaluatedArg &arg) {
    return arg.name.empty() ? giveNext(arg) : giveNamed(arg);
  }
  Value result() const;

private:
  bool giveNext(const EvaluatedArg &arg);
  bool giveNamed(const EvaluatedArg &arg);
  bool reportNoNext(const EvaluatedArg &arg);

  Evaluator &e;
  const Value &callee;
  Range range;
  std::shared_ptr<Callable> made;
  llvm::ArrayRef<ast::Parameter> parameters;
  Symbol name;
  unsigned position = 0;
  llvm::MapVector<Symbol, Range> givenHere;
};

} // namespace

GivenSettings::GivenSettings(Evaluator &e, const Value &callee, Range range)
    : e(e), callee(callee), range(range),
      made(std::make_shared<Callable>(*callee.callable)) {
  if (made->kind == Callable::Layer) {
    parameters = made->layer->settings.list;
    name = made->layer->name.text;
  } else if (made->kind == Callable::Stage) {
    parameters = made->optimizer->settings.list;
    name = made->optimizer->name.text;
  }
}

bool GivenSettings::reportNoNext(const EvaluatedArg &arg) {
  if (arg.value.isRunTime() && made->kind == Callable::Layer)
    e.report(Rule::layer_c1, range,
             "'" + name + "' is a layer without weights here")
        .note("make it a field: 'part: " + name + "(…)'");
  else
    e.report(Rule::call_c6, arg.range,
             parameters.empty()
                 ? "'" + name + "' has no settings, and this is one"
                 : "'" + name + "' has " + llvm::Twine(parameters.size()) +
                       (parameters.size() == 1 ? " setting" : " settings") +
                       ", and this is one more");
  return false;
}

bool GivenSettings::giveNext(const EvaluatedArg &arg) {
  while (position < parameters.size() &&
         made->find(parameters[position].name.text))
    ++position;
  if (arg.value.isRunTime() || position >= parameters.size())
    return reportNoNext(arg);
  givenHere[parameters[position].name.text] = arg.range;
  if (!Arguments(e).fitsMask(parameters[position], arg))
    return false;
  made->given.push_back({parameters[position].name.text, arg.value});
  return true;
}

bool GivenSettings::giveNamed(const EvaluatedArg &arg) {
  auto *setting = llvm::find_if(
      parameters, [&](auto &p) { return p.name.text == arg.name; });
  if (setting != parameters.end()) {
    auto [first, isNew] = givenHere.insert({arg.name, arg.range});
    if (!isNew)
      return Arguments(e).reportTwice(arg.name, arg.range, first->second);
    if (!Arguments(e).fitsMask(*setting, arg))
      return false;
    made->given.push_back({arg.name, arg.value});
    return true;
  }
  if (made->kind != Callable::Stage && e.takes(callee, arg.name)) {
    made->extra.push_back({arg.name, arg.value});
    return true;
  }
  std::string has = Arguments::namesOf(parameters);
  e.report(Rule::call_c6, arg.range,
           "'" + name + "' has no setting or parameter '" + arg.name + "'")
      .note(has.empty() ? "it has no settings" : "it has " + has);
  return false;
}

Value GivenSettings::result() const {
  Value value = callee;
  value.callable = made;
  value.range = range;
  return value;
}

/// `window(128)`, `Block(heads, see: causal)`: another one with these given.
Value Evaluator::giveSettings(const Value &callee, Args args, Range range) {
  GivenSettings settings(*this, callee, range);
  for (const EvaluatedArg &arg : args)
    if (!settings.give(arg))
      return Value::error(range);
  return settings.result();
}

//===-- Functions ---------------------------------------------------------===//

/// Parameters that have neither argument nor default.
static bool isComplete(llvm::ArrayRef<ast::Parameter> parameters,
                       llvm::ArrayRef<BoundArg> bound) {
  return llvm::all_of(parameters, [&](const ast::Parameter &parameter) {
    return parameter.value || llvm::any_of(bound, [&](auto &b) {
             return b.parameter == &parameter;
           });
  });
}

Value Evaluator::applyFunction(const Value &callee, Args args, Range range) {
  const Callable &callable = *callee.callable;
  const ast::FunctionDecl *decl = callable.function;
  if (callable.self && decl->functionKind == ast::FunctionKind::Call)
    return callField(*callable.self, decl->name.text, withGiven(callable, args),
                     range);
  std::vector<BoundArg> bound;
  if (!Arguments(*this).match(decl->parameters.list, callable.given, args,
                              decl->name.text, range, bound))
    return Value::error(range);
  bool isMask = decl->functionKind == ast::FunctionKind::Mask ||
                decl->functionKind == ast::FunctionKind::Score;
  if (isMask || !isComplete(decl->parameters.list, bound)) {
    Value value = callee;
    auto made = std::make_shared<Callable>(callable);
    made->given.clear();
    for (BoundArg &arg : bound)
      made->given.push_back(
          {arg.parameter->name.text,
           named(arg.parameter->name.text, arg.value, arg.range)});
    value.callable = made;
    value.range = range;
    return value;
  }
  return inlineFunction(callee, bound, range);
}

Args Evaluator::withGiven(const Callable &callable, Args args) {
  for (const NamedValue &value : callable.given)
    args.push_back(
        {value.name, value.value, nullptr, nullptr, value.value.range});
  return args;
}

/// The frame of one call, with the layer and the record that the function
/// stands in.
static FrameScope *frameOf(Evaluator &e, const Callable &callable,
                           Range range) {
  FrameScope *inner = e.session.make<FrameScope>(callable.home);
  inner->name = callable.function->name.text.str();
  inner->call = range;
  for (Scope *at = callable.home; at; at = at->outer)
    if (at->kind == Scope::Frame) {
      inner->layer = static_cast<FrameScope *>(at)->layer;
      inner->self = static_cast<FrameScope *>(at)->self;
      break;
    }
  return inner;
}

static Value evaluateBody(Evaluator &e, const ast::FunctionDecl &decl,
                          FrameScope *inner) {
  unsigned number = e.frame ? ++e.frame->callCounts[&decl] : 1;
  Evaluator::Entry entry(e, e.context, inner, e.statements);
  e.drawPath.push_back(
      number > 1
          ? e.program.intern((decl.name.text + "." + llvm::Twine(number)).str())
          : decl.name.text);
  Value value = e.body(decl.body);
  if (!decl.result || value.isError())
    return value;
  return e.declare(value, decl.result,
                   decl.body.expr ? decl.body.expr->range : decl.range,
                   Rule::call_c4, true);
}

Value Evaluator::inlineFunction(const Value &callee,
                                std::vector<BoundArg> &bound, Range range,
                                const core::Type *drawnAs) {
  const ast::FunctionDecl *decl = callee.callable->function;
  if (depth >= 100) {
    report(Rule::call_c7, range,
           "'" + decl->name.text + "' calls itself without end")
        .note("write a loop: 'for i < n { … }'");
    return Value::error(range);
  }
  llvm::SaveAndRestore<unsigned> deeper(depth, depth + 1);
  FrameScope *inner = frameOf(*this, *callee.callable, range);
  Arguments(*this).addTypedDefaults(*inner, decl->parameters.list, bound);
  ast::Parameter result{decl->name, decl->result, nullptr, decl->range};
  if (drawnAs && decl->result) {
    BoundArg target;
    target.parameter = &result;
    target.value = runTimeValue(program.make<core::LocalRef>(*drawnAs, range));
    bound.push_back(target);
  }
  for (BoundArg &arg : bound)
    if (!arg.source && arg.value.isError())
      return Value::error(range);
  if (!bindSignature(*inner, decl->name.text, bound))
    return Value::error(range);
  if (drawnAs && decl->result)
    bound.pop_back();
  Arguments(*this).bind(*inner, bound);
  Arguments(*this).bindSettingDefaults(*inner, decl->parameters.list);
  return back(*inner, evaluateBody(*this, *decl, inner));
}

Value Evaluator::applyLambda(const Value &callee, Args args, Range range) {
  const Callable &callable = *callee.callable;
  const ast::LambdaExpr *lambda = callable.lambda;
  if (args.size() != lambda->parameters.size()) {
    report(Rule::call_c6, range,
           "this function takes " + llvm::Twine(lambda->parameters.size()) +
               " arguments, and gets " + llvm::Twine(args.size()))
        .note(lambda->range, "written here");
    return Value::error(range);
  }
  if (depth >= 100) {
    report(Rule::call_c7, range, "this function calls itself without end");
    return Value::error(range);
  }
  llvm::SaveAndRestore<unsigned> deeper(depth, depth + 1);
  Scope *inner = session.make<Scope>(Scope::Block, callable.home);
  for (auto [name, arg] : llvm::zip(lambda->parameters, args))
    inner->bind(name.text, named(name.text, arg.value, arg.range),
                Binding::Given, name.range);
  FrameScope *outer = frame;
  for (Scope *at = inner; at; at = at->outer)
    if (at->kind == Scope::Frame) {
      outer = static_cast<FrameScope *>(at);
      break;
    }
  llvm::SaveAndRestore<Scope *> in(scope, inner);
  llvm::SaveAndRestore<FrameScope *> inFrame(frame, outer);
  return evaluate(lambda->body);
}

} // namespace lamina::sema
