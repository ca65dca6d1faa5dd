#!/usr/bin/env python3
"""Fails if a folder includes another that docs/architecture.md does not allow."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALLOWED = {
    "dialects": set(),
    "runtime": set(),
    "passes": {"dialects"},
    "frontend": {"dialects", "library"},
    "library": set(),
    "backends": {"dialects", "runtime/ABI", "runtime/include"},
    "tools": {"frontend", "dialects", "passes", "backends", "runtime", "library"},
}
# Inside the front end: nothing but IRGen knows MLIR's dialects, nothing but Grammar ANTLR.
FRONTEND = {
    "Source": set(),
    "AST": {"Source"},
    "Grammar": {"AST", "Source"},
    "Core": {"Source"},
    "Sema": {"AST", "Core", "Grammar", "Source"},
    "IRGen": {"Core", "Source"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([\w./-]+)"', re.M)


def allowed(room, sub, target):
    parts = target.split("/")
    if parts[0] not in ALLOWED:
        return True
    if parts[0] != room:
        return any(target.startswith(edge + "/") for edge in ALLOWED[room])
    if room == "frontend" and len(parts) > 2 and parts[1] != sub and sub in FRONTEND:
        return parts[1] in FRONTEND[sub]
    return True


def main():
    wrong = []
    for room in ALLOWED:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix not in {".h", ".cpp", ".td", ".c"}:
                continue
            relative = path.relative_to(ROOT)
            sub = relative.parts[1] if len(relative.parts) > 2 else ""
            for target in INCLUDE.findall(path.read_text(errors="replace")):
                if not allowed(room, sub, target):
                    wrong.append(f"{relative}: {room}/ may not include {target}")
                if "antlr4" in target and sub != "Grammar":
                    wrong.append(f"{relative}: only frontend/Grammar includes ANTLR")
    print("\n".join(wrong) if wrong else "folder dependencies: as in docs/architecture.md")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
