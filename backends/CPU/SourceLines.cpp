// SPDX-License-Identifier: Apache-2.0
//
// Which op of a kernel an instruction is of.

#include "backends/CPU/SourceLines.h"

#include "llvm/IR/AssemblyAnnotationWriter.h"
#include "llvm/IR/DIBuilder.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Support/FormattedStream.h"

using namespace llvm;

namespace lamina::cpu {

/// Without it LLVM drops what it knows of lines.
static constexpr StringLiteral versionFlag = "Debug Info Version";

DISubprogram *beginLines(Function &function) {
  Module &module = *function.getParent();
  if (!module.getModuleFlag(versionFlag))
    module.addModuleFlag(Module::Warning, versionFlag, DEBUG_METADATA_VERSION);
  DIBuilder builder(module);
  DIFile *file = builder.createFile("ops", ".");
  // Directives only: assembly shows the numbers, and has no sections for them.
  builder.createCompileUnit(
      DISourceLanguageName(dwarf::DW_LANG_C), file, "lamina",
      /*isOptimized=*/true, "", 0, "", DICompileUnit::DebugDirectivesOnly);
  auto *type = builder.createSubroutineType(builder.getOrCreateTypeArray({}));
  DISubprogram *subprogram = builder.createFunction(
      file, function.getName(), "", file, 1, type, 1, DINode::FlagZero,
      DISubprogram::SPFlagDefinition | DISubprogram::SPFlagOptimized);
  function.setSubprogram(subprogram);
  builder.finalize();
  return subprogram;
}

unsigned opNumberOf(const Instruction &instruction) {
  return instruction.getDebugLoc() ? instruction.getDebugLoc().getLine() : 0;
}

void removeLines(Module &module) {
  StripDebugInfo(module);
  SmallVector<Module::ModuleFlagEntry> flags;
  module.getModuleFlagsMetadata(flags);
  if (NamedMDNode *named = module.getModuleFlagsMetadata())
    module.eraseNamedMetadata(named);
  for (const Module::ModuleFlagEntry &flag : flags)
    if (flag.Key->getString() != versionFlag)
      module.addModuleFlag(flag.Behavior, flag.Key->getString(), flag.Val);
}

static StringRef lineOf(unsigned number, ArrayRef<std::string> lines) {
  return number > 0 && number < lines.size() ? StringRef(lines[number])
                                             : StringRef();
}

namespace {

/// Says a line where it differs from that of the instruction before.
class LineWriter : public AssemblyAnnotationWriter {
public:
  LineWriter(const Module &module, ArrayRef<std::string> lines) {
    for (const Function &function : module)
      for (const Instruction &instruction : instructions(function))
        lineOfInstruction[&instruction] =
            lineOf(opNumberOf(instruction), lines);
  }

  void emitFunctionAnnot(const Function *, formatted_raw_ostream &) override {
    last = "";
  }
  void emitInstructionAnnot(const Instruction *instruction,
                            formatted_raw_ostream &out) override {
    StringRef line = lineOfInstruction.lookup(instruction);
    if (!line.empty() && line != last)
      out << "  ; " << (last = line) << "\n";
  }

private:
  DenseMap<const Instruction *, StringRef> lineOfInstruction;
  StringRef last;
};

} // namespace

void printWithLines(Module &module, ArrayRef<std::string> lines,
                    raw_ostream &out) {
  LineWriter writer(module, lines);
  removeLines(module);
  module.print(out, &writer);
}

/// The number that `.loc FILE NUMBER COLUMN …` names.
static std::optional<unsigned> numberOfDirective(StringRef line) {
  line = line.ltrim();
  unsigned file, number;
  if (!line.consume_front(".loc") || line.ltrim().consumeInteger(10, file))
    return std::nullopt;
  line = line.ltrim().drop_while(isDigit).ltrim();
  if (line.consumeInteger(10, number))
    return std::nullopt;
  return number;
}

/// What stands in assembly for lines alone: the file that numbers are said to
/// be of, and a section that stays empty.
static bool namesNothing(StringRef line) {
  StringRef directive = line.ltrim();
  return directive.starts_with(".file\t0 ") ||
         directive.starts_with(".file\t1 ") ||
         directive.starts_with(".section\t.debug_macinfo");
}

std::string commentLines(StringRef assembly, ArrayRef<std::string> lines,
                         StringRef comment) {
  std::string text;
  StringRef last;
  while (!assembly.empty()) {
    auto [line, rest] = assembly.split('\n');
    assembly = rest;
    if (std::optional<unsigned> number = numberOfDirective(line)) {
      StringRef source = lineOf(*number, lines);
      if (!source.empty() && source != last)
        text += ("\t" + comment + " " + (last = source) + "\n").str();
      continue;
    }
    if (namesNothing(line))
      continue;
    text += (line + "\n").str();
  }
  return text;
}

} // namespace lamina::cpu
