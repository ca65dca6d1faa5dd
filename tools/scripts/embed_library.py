#!/usr/bin/env python3
"""Writes the standard library as C++: the text of each file, and an index of the names that it declares."""
import pathlib
import re
import sys

DECLARATION = re.compile(
    r"^(?:layer|model|function|loss|metric|mask|score|sample|optimizer|group)\s+(\w+)|^const\s+(.+)$", re.M)


def names(text):
    for match in DECLARATION.finditer(text):
        if match.group(1):
            yield match.group(1)
        else:
            yield from re.findall(r"(\w+)(?:\[[^\]]*\])?\s*=(?!=)", match.group(2))


def literal(text):
    """A C string in pieces: compilers limit the length of one."""
    lines = text.splitlines(keepends=True)
    return "\n".join('    "' + l.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' for l in lines)


def main():
    out, files = pathlib.Path(sys.argv[1]), sorted(map(pathlib.Path, sys.argv[2:]), key=lambda p: p.name)
    texts = [f.read_text(encoding="utf-8") for f in files]
    index = {}
    for number, text in enumerate(texts):
        for name in names(text):
            if name in index:
                print(f"'{name}' is declared twice in library/", file=sys.stderr)
                return 1
            index[name] = number
    ordered = sorted(index)
    with out.open("w", encoding="utf-8") as f:
        f.write("static const File files[] = {\n")
        for file, text in zip(files, texts):
            f.write(f'  {{"library/{file.name}",\n{literal(text)}}},\n')
        f.write("};\n\nstatic const llvm::StringRef names[] = {\n")
        f.writelines(f'  "{name}",\n' for name in ordered)
        f.write("};\n\nstatic const unsigned fileOfName[] = {\n")
        f.writelines(f"  {index[name]},\n" for name in ordered)
        f.write("};\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
