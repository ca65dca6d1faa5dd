// SPDX-License-Identifier: Apache-2.0
//
// Arguments beside parameters.
//
// By position, then by name; what a call leaves out stays out, for defaults or
// for another call.

#include "frontend/Sema/Arguments.h"

#include "frontend/Sema/Bind.h"

namespace lamina::sema {

bool Arguments::reportTwice(llvm::StringRef name, Range range, Range first) {
  e.report(Rule::call_c6, range, "'" + name + "' is given twice")
      .note(first, "first here");
  return false;
}

std::string Arguments::namesOf(llvm::ArrayRef<ast::Parameter> parameters) {
  std::string names;
  for (const ast::Parameter &parameter : parameters)
    names += (names.empty() ? "" : ", ") + parameter.name.text.str();
  return names;
}

static int placeOf(Symbol name, llvm::ArrayRef<ast::Parameter> parameters) {
  for (auto [i, parameter] : llvm::enumerate(parameters))
    if (parameter.name.text == name)
      return i;
  return -1;
}

static int nextFree(llvm::ArrayRef<std::optional<BoundArg>> places) {
  auto *free = llvm::find(places, std::nullopt);
  return free == places.end() ? -1 : int(free - places.begin());
}

/// `arg` has no place among `parameters`.
static bool reportNoPlace(Evaluator &e, const EvaluatedArg &arg,
                          llvm::StringRef name,
                          llvm::ArrayRef<ast::Parameter> parameters,
                          llvm::ArrayRef<ast::Parameter> settings) {
  std::string has = Arguments::namesOf(parameters);
  for (const ast::Parameter &p : settings)
    if (p.type)
      has += (has.empty() ? "" : ", ") + p.name.text.str();
  e.report(Rule::call_c6, arg.range,
           arg.name.empty()
               ? "'" + name + "' takes " + llvm::Twine(parameters.size()) +
                     (parameters.size() == 1 ? " argument" : " arguments") +
                     ", and this is one more"
               : "'" + name + "' has no setting or parameter '" + arg.name +
                     "'")
      .note(has.empty() ? "it has no parameters" : "it has " + has);
  return false;
}

/// Arguments beside parameters; false after a diagnostic. Parameters without an
/// argument are left out of `bound`. What a layer's `settings` take at a call,
/// masks and scores, is only named in messages.
bool Arguments::match(llvm::ArrayRef<ast::Parameter> parameters,
                      llvm::ArrayRef<NamedValue> given, const Args &args,
                      llvm::StringRef name, Range range,
                      std::vector<BoundArg> &bound,
                      llvm::ArrayRef<ast::Parameter> settings) {
  std::vector<std::optional<BoundArg>> places(parameters.size());
  for (const NamedValue &value : given)
    if (int at = placeOf(value.name, parameters); at >= 0) {
      places[at].emplace();
      places[at]->value = value.value;
      places[at]->range = range;
    }
  for (const EvaluatedArg &arg : args) {
    int at =
        arg.name.empty() ? nextFree(places) : placeOf(arg.name, parameters);
    if (at < 0)
      return reportNoPlace(e, arg, name, parameters, settings);
    if (places[at] && places[at]->source && arg.source)
      return reportTwice(parameters[at].name.text, arg.range,
                         places[at]->range);
    places[at].emplace();
    places[at]->value = arg.value;
    places[at]->source = arg.source;
    places[at]->range = arg.range;
  }
  for (auto [i, filled] : llvm::enumerate(places))
    if (filled) {
      filled->parameter = &parameters[i];
      bound.push_back(std::move(*filled));
    }
  return true;
}

/// Adds defaults of typed parameters; those of settings wait until dims are
/// known.
void Arguments::addTypedDefaults(FrameScope &callee,
                                 llvm::ArrayRef<ast::Parameter> parameters,
                                 std::vector<BoundArg> &bound) {
  std::vector<BoundArg> all;
  for (const ast::Parameter &parameter : parameters) {
    auto arg = llvm::find_if(
        bound, [&](auto &b) { return b.parameter == &parameter; });
    if (arg != bound.end()) {
      all.push_back(std::move(*arg));
      continue;
    }
    if (!parameter.type || !parameter.value)
      continue; // what has no value either is reported by the caller
    BoundArg made;
    made.parameter = &parameter;
    llvm::SaveAndRestore<Scope *> in(e.scope, &callee);
    made.value = e.evaluate(parameter.value);
    made.source = parameter.value;
    made.range = parameter.range;
    all.push_back(std::move(made));
  }
  bound = std::move(all);
}

/// Binds what was matched, in the callee's frame; operands get lets around it.
void Arguments::bind(FrameScope &callee, std::vector<BoundArg> &bound) {
  for (BoundArg &arg : bound) {
    Symbol name = arg.parameter->name.text;
    Value value = arg.value;
    if (!arg.isSetting) {
      Value operand = e.named(name, e.runTimeValue(arg.operand), arg.range);
      value = e.runTimeValue(e.retype(operand.expr, arg.type), arg.value.dim);
    } else if (value.isWhole() && !value.dim.constant()) {
      Dim atom = e.dims.setting(name, value.dim.size(), arg.range);
      callee.back.push_back({atom, value.dim});
      value.dim = atom;
    } else if (value.isRunTime()) {
      value = e.named(name, value, arg.range);
    }
    value.mayBeNone = canBeNone(*arg.parameter);
    callee.bind(name, value,
                arg.parameter->isSetting() ? Binding::Setting : Binding::Given,
                arg.parameter->name.range);
  }
}

void Arguments::bindSettingDefaults(Scope &callee,
                                    llvm::ArrayRef<ast::Parameter> parameters) {
  llvm::SaveAndRestore<Scope *> in(e.scope, &callee);
  for (const ast::Parameter &parameter : parameters)
    if (!callee.find(parameter.name.text) && parameter.value)
      callee.bind(parameter.name.text, e.evaluate(parameter.value),
                  Binding::Setting, parameter.name.range);
}

} // namespace lamina::sema
