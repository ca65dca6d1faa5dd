#!/usr/bin/env python3
"""Rules of the house that a script can see.

Sizes of files and functions, names that say nothing, the header of each file,
unfinished work without an issue, passes without a test, words of the library
without a comment, what builds leave behind. Who may include whom is
check_includes.py.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES = {".cpp": 500, ".h": 300, ".td": 400, ".py": 400, ".lam": 300}
FUNCTION_LINES = 40
TABLE_LINES = 80  # of a function that is one list of cases
CODE = {".cpp", ".h", ".td", ".def", ".g4"}
MADE = {".o", ".s", ".so", ".a", ".log", ".pyc"}
UNFINISHED = re.compile(r"\b(TO-?DO|FIX-?ME|X{3})\b(?!\(#\d+\))")
DECLARATION = re.compile(r"(?:function|layer|mask|score|metric|optimizer|sample) (\w+)")
EMPTY_NAME = re.compile(r"(^|[a-z_])(util|utils|utility|utilities|helper|helpers|misc|common)([A-Z_.]|$)", re.I)
NO_FUNCTION = re.compile(r"^\s*(namespace|class|struct|union|enum|using|typedef)\b|=\s*(R\"\()?\{$")
NO_STATEMENT = re.compile(r"template\b|#|\*")
CASE = re.compile(r"\s*(case\b.*:|default:|\.Cases?\(|\.Default\()")

# Files over a limit that are being split; nothing is added without a date.
EXCEPTIONS = {}


def kebab(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def tracked():
    """Files of the project: those that git knows, or in an unpacked archive all outside of build/."""
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode == 0:
        return [n for n in listing.stdout.split("\n") if n and (ROOT / n).is_file()]
    files = (p.relative_to(ROOT) for p in sorted(ROOT.rglob("*")) if p.is_file())
    return [str(p) for p in files if p.parts[0] not in ("build", ".git") and "__pycache__" not in p.parts]


def first_line_of(lines, number):
    """Where the statement begins that the line ends."""
    while number > 1:
        before = lines[number - 2].split("//")[0].strip()
        if not before or before.endswith((";", "{", "}", ":")) or NO_STATEMENT.match(before):
            break
        number -= 1
    return number


def functions(lines):
    """First line and length of each function: formatted code closes what it opens at the same column."""
    open_at = {}  # column: first line of the declaration
    for number, line in enumerate(lines, 1):
        column = len(line) - len(line.lstrip())
        if line.strip() == "}" and column in open_at:
            start = open_at.pop(column)
            yield start, number - start + 1
        elif line.endswith("{") and 0 not in open_at:
            start = first_line_of(lines, number)
            text = " ".join(lines[start - 1:number])
            column = len(text) - len(text.lstrip())
            if column in (0, 2) and "(" in text and not NO_FUNCTION.search(text):
                open_at[column] = start


def is_table(lines):
    """Is a function one list of cases, each of at most three lines behind its label?"""
    cases = [number for number, line in enumerate(lines) if CASE.match(line)]
    longest = max((b - a - 1 for a, b in zip(cases, cases[1:])), default=0)
    return len(cases) > 8 and longest <= 3 and len(lines) - (cases[-1] - cases[0]) <= 14


def header_of(name, lines):
    """What is wrong with the first lines of a file of code."""
    mark = "/*" if lines[0].startswith("/*") else "//"
    if lines[0] != f"{mark} SPDX-License-Identifier: Apache-2.0":
        return "the first line is the licence: '// SPDX-License-Identifier: Apache-2.0'"
    title = lines[2].lstrip("/* ") if len(lines) > 2 else ""
    return None if title else "the third line says in a sentence what the file is"


def faults_of(name, text, tests):
    path = pathlib.Path(name)
    lines = text.split("\n")
    limit = LINES.get(path.suffix)
    if limit and len(lines) - 1 > limit and name not in EXCEPTIONS:
        yield f"{name}: {len(lines) - 1} lines, at most {limit}"
    for part in path.parts:
        if EMPTY_NAME.search(part):
            yield f"{name}: '{part}' says nothing; name the subject"
    if path.suffix in CODE and (fault := header_of(name, lines)):
        yield f"{name}: {fault}"
    if path.suffix in (".cpp", ".h"):
        for start, length in functions(lines):
            table = is_table(lines[start - 1:start + length - 1])
            most = TABLE_LINES if table else FUNCTION_LINES
            if length > most:
                yield f"{name}:{start}: a function of {length} lines, at most {most}"
    if limit and not name.startswith("tools/scripts/"):
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line):
                yield f"{name}:{number}: a note of unfinished work names its issue, in brackets behind the word: (#42)"
    if name.startswith("library/") and path.suffix == ".lam":
        for before, line in zip([""] + lines, lines):
            if DECLARATION.match(line) and not before.startswith("///"):
                yield f"{name}: '{DECLARATION.match(line)[1]}' has no comment: what it computes, shapes, source"
    is_pass = name.startswith("passes/") and path.suffix == ".cpp" and "GEN_PASS_DEF" in text
    if is_pass and kebab(path.stem) + ".mlir" not in tests:
        yield f"{name}: no test {kebab(path.stem)}.mlir"


def main():
    files = tracked()
    tests = {pathlib.Path(n).name for n in files if n.startswith("test/")}
    wrong = []
    for name in files:
        if pathlib.Path(name).suffix in MADE:
            wrong.append(f"{name}: a build makes this; it is no source")
        if pathlib.Path(name).suffix in {*LINES, *CODE}:
            wrong += faults_of(name, (ROOT / name).read_text(errors="replace"), tests)
    for name in EXCEPTIONS:
        path = ROOT / name
        if not path.is_file() or path.read_text().count("\n") <= LINES[path.suffix]:
            wrong.append(f"{name}: within its limit now: take it off the list of exceptions")
    print("\n".join(wrong) if wrong else "house: in order")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
