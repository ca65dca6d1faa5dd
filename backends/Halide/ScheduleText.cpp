// SPDX-License-Identifier: Apache-2.0
//
// Schedules as text.

#include "backends/Halide/ScheduleText.h"

#include "llvm/ADT/StringExtras.h"

namespace lamina::halide {

namespace {

/// One line, read from left to right.
class LineReader {
public:
  LineReader(llvm::StringRef text, unsigned line, ScheduleFault &fault)
      : all(text), rest(text), line(line), fault(fault) {}

  bool read(Directives &directives);

private:
  bool refuse(const llvm::Twine &message);
  unsigned column() const { return unsigned(rest.data() - all.data()) + 1; }
  void skip() { rest = rest.ltrim(" \t\r"); }
  bool take(char wanted);
  llvm::StringRef word();
  bool readHead(Directive &head);
  bool readArguments(Directive &directive);

  llvm::StringRef all, rest;
  unsigned line;
  ScheduleFault &fault;
};

} // namespace

bool LineReader::refuse(const llvm::Twine &message) {
  fault = {line, column(), message.str()};
  return false;
}

bool LineReader::take(char wanted) {
  skip();
  if (!rest.starts_with(llvm::StringRef(&wanted, 1)))
    return false;
  rest = rest.drop_front();
  return true;
}

llvm::StringRef LineReader::word() {
  skip();
  llvm::StringRef found =
      rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
  rest = rest.drop_front(found.size());
  return found;
}

// [step.]func[.update[number]]:
bool LineReader::readHead(Directive &head) {
  llvm::SmallVector<llvm::StringRef> parts;
  do {
    parts.push_back(word());
    if (parts.back().empty())
      return refuse("a line begins with the name of a Func and ':'");
  } while (take('.'));
  if (parts.size() > 1 && parts.back().consume_front("update")) {
    head.update = 0;
    if (!parts.back().empty() && parts.back().getAsInteger(10, head.update))
      return refuse("'update' is followed by the number of the update");
    parts.pop_back();
  }
  if (parts.size() > 2)
    return refuse("a name has at most a step, a Func and 'update'");
  head.func = parts.back().str();
  if (parts.size() == 2)
    head.step = parts.front().str();
  return take(':') || refuse("':' follows the name of a Func");
}

bool LineReader::readArguments(Directive &directive) {
  if (!take('('))
    return true;
  if (take(')'))
    return true;
  do {
    llvm::StringRef argument = word();
    if (argument.empty())
      return refuse("'" + directive.name +
                    "' takes names of loops and whole numbers");
    directive.arguments.push_back(argument.str());
  } while (take(','));
  return take(')') || refuse("a ')' or ',' is missing behind '" +
                             directive.arguments.back() + "'");
}

bool LineReader::read(Directives &directives) {
  Directive head;
  if (!readHead(head))
    return false;
  head.line = line;
  for (skip(); !rest.empty(); skip()) {
    Directive directive = head;
    directive.column = column();
    directive.name = word().str();
    if (directive.name.empty())
      return refuse("'" + rest.take_front(1) + "' begins no directive");
    if (!readArguments(directive))
      return false;
    directives.push_back(std::move(directive));
  }
  return true;
}

std::optional<Directives> parseSchedule(llvm::StringRef text,
                                        ScheduleFault &fault) {
  Directives directives;
  unsigned line = 0;
  while (!text.empty()) {
    auto [first, rest] = text.split('\n');
    text = rest;
    ++line;
    llvm::StringRef code = first.take_until([](char c) { return c == '#'; });
    if (code.trim().empty())
      continue;
    if (!LineReader(code, line, fault).read(directives))
      return std::nullopt;
  }
  return directives;
}

void printSchedule(const Directives &directives, llvm::raw_ostream &out) {
  const Directive *before = nullptr;
  for (const Directive &it : directives) {
    bool isSame = before && before->step == it.step &&
                  before->func == it.func && before->update == it.update;
    if (!isSame) {
      out << (before ? "\n  " : "  ");
      if (!it.step.empty())
        out << it.step << ".";
      out << it.func;
      if (it.update >= 0)
        out << ".update";
      if (it.update > 0)
        out << it.update;
      out << ":";
    }
    before = &it;
    out << " " << it.name;
    if (!it.arguments.empty())
      out << "(" << llvm::join(it.arguments, ", ") << ")";
  }
  if (before)
    out << "\n";
}

} // namespace lamina::halide
