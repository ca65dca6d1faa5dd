# lit's settings for all tests; what CMake knows comes from lit.site.cfg.py.
import ctypes
import os
import platform
import shutil
import subprocess

import lit.formats

config.name = "Lamina"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".lam", ".test"]
config.excludes = ["unit", "fuzz", "fakecuda", "fakeopencl", "corpus", "Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.lamina_build, "test")

config.environment["PATH"] = os.pathsep.join(
    [config.lamina_tools, config.llvm_tools, config.environment.get("PATH", "")])
# Which of our passes breaks the IR.
config.environment["LAMINA_VERIFY_PASSES"] = "1"
config.environment["LAMINA_CACHE"] = os.path.join(config.lamina_build, "test", "cache")
for name in ("LAMINA_DATA", "HOME"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions.append(("%source", config.lamina_source))
config.substitutions.append(("%build", config.lamina_build))
config.substitutions.append(("%examples", os.path.join(config.lamina_source, "examples")))
config.substitutions.append(("%data", config.lamina_data))

# Programs find a driver of GPUs in this folder; one that works on this machine alone.
config.substitutions.append(("%fakecuda", os.path.join(config.lamina_build, "test", "fakecuda")))

# Real data is not part of the project: a test that needs it names the folder as a feature.
if os.path.isdir(config.lamina_data):
    for folder in sorted(os.listdir(config.lamina_data)):
        config.available_features.add("data-" + folder)

try:
    flags = open("/proc/cpuinfo").read() if platform.system() == "Linux" else ""
except OSError:
    flags = ""
for bit in ("avx2", "avx512f", "amx_bf16"):
    if bit in flags:
        config.available_features.add(bit)

# Programs for another machine need its runtime and an emulator; the same emulator
# plays an older processor of this machine.
cross = os.path.join(config.lamina_build, "lib", "aarch64-linux-gnu", "liblamina_runtime.a")
if shutil.which("qemu-aarch64-static") and os.path.isfile(cross):
    config.available_features.add("aarch64")
if shutil.which("qemu-x86_64-static") and platform.machine() == "x86_64":
    config.available_features.add("old-x86-64")
config.substitutions.append(("%aarch64", "qemu-aarch64-static"))
config.substitutions.append(("%old-x86-64", "qemu-x86_64-static -cpu Nehalem"))
if platform.machine() == "x86_64":
    config.available_features.add("x86-64")

# Modules for WebAssembly need their runtime, and an engine that calls them.
module_runtime = os.path.join(config.lamina_build, "lib", "wasm32", "liblamina_module.a")
if shutil.which("node") and os.path.isfile(module_runtime) and (shutil.which("wasm-ld-22") or shutil.which("wasm-ld")):
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    if int(version.strip("v").split(".")[0] or 0) >= 18:
        config.available_features.add("wasm")
        with open(module_runtime, "rb") as archive:
            if b"pow.o/" in archive.read():
                config.available_features.add("wasm-libm")

# A backend of its own library, built where Halide is installed.
if os.path.isfile(os.path.join(config.lamina_build, "lib", "libLaminaHalide.so")):
    config.available_features.add("halide")

# Programs with code for OpenCL need a device: PoCL makes one of this processor. It keeps what it compiles.
def find_opencl():
    """The file of the library that programs find, if it has a platform."""
    try:
        count = ctypes.c_uint32(0)
        if ctypes.CDLL("libOpenCL.so.1").clGetPlatformIDs(0, None, ctypes.byref(count)) != 0 or count.value == 0:
            return None
        lines = open("/proc/self/maps").read().splitlines()
        return next(line.split()[-1] for line in lines if "libOpenCL.so" in line)
    except OSError:
        return None


opencl = find_opencl() if "halide" in config.available_features else None
if opencl:
    config.available_features.add("opencl")
    # A library of OpenCL that fails when it is asked to, and else hands on to this one.
    config.environment["LAMINA_FAKE_OPENCL_LIBRARY"] = opencl
config.substitutions.append(("%fakeopencl", os.path.join(config.lamina_build, "test", "fakeopencl")))
config.environment["POCL_CACHE_DIR"] = os.path.join(config.lamina_build, "test", "pocl")

# A test of permissions runs the program as another user where this one is root.
config.environment["NOBODY"] = ""
if os.geteuid() == 0:
    config.environment["NOBODY"] = "setpriv --reuid 65534 --clear-groups"
    try:
        may = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", "test", "-x",
                              config.lamina_build]).returncode == 0
    except OSError:
        may = False
if os.geteuid() != 0 or may:
    config.available_features.add("other-user")

# Limits of memory mean nothing under the address sanitizer.
if config.lamina_sanitize:
    config.available_features.add("sanitizer")
    # LLVM's libraries have no checks: they neither mark what their arenas hold nor own what ours free.
    config.environment["ASAN_OPTIONS"] = os.environ.get(
        "ASAN_OPTIONS", "allow_user_poisoning=0:alloc_dealloc_mismatch=0:detect_leaks=0")
    config.environment["UBSAN_OPTIONS"] = os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")

# `lit --param heap-check`: freed memory is overwritten and the heap verified, with any build and at little cost.
if "heap-check" in lit_config.params:
    config.environment.update(LD_PRELOAD="libc_malloc_debug.so.0", MALLOC_CHECK_="3", MALLOC_PERTURB_="165")
