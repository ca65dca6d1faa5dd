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

/// Arguments beside parameters; false after a diagnostic. Parameters without an
/// argument are left out of `bound`. What a layer's `settings` take at a call,
/// masks and scores, is only named in messages.
bool Arguments::match(llvm::ArrayRef<ast::Parameter> parameters,
                      llvm::ArrayRef<NamedValue> given, const Args &args,
                      llvm::StringRef name, Range range,
                      std::vector<BoundArg> &bound,
                      llvm::ArrayRef<ast::Parameter> settings) {
  std::vector<std::optional<BoundArg>> places(parameters.size());
  auto place = [&](Symbol word) -> int {
    for (auto [i, parameter] : llvm::enumerate(parameters))
      if (parameter.name.text == word)
        return i;
    return -1;
  };
  for (const NamedValue &value : given)
    if (int at = place(value.name); at >= 0) {
      places[at].emplace();
      places[at]->value = value.value;
      places[at]->range = range;
    }
  size_t next = 0;
  for (const EvaluatedArg &arg : args) {
    int at;
    if (arg.name.empty()) {
      while (next < places.size() && places[next])
        ++next;
      at = next < places.size() ? int(next) : -1;
    } else {
      at = place(arg.name);
    }
    if (at < 0) {
      std::string has;
      for (auto &p : parameters)
        has += (has.empty() ? "" : ", ") + p.name.text.str();
      for (auto &p : settings)
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

} // namespace lamina::sema
