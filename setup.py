"""Builds Pikos, with or without its extensions: the real-time profiler, the monitors' events.

python setup.py --with-real-time-lsprof install      build the extension, or fail
python setup.py --without-real-time-lsprof install   leave it out
python setup.py install                              build it if there is a C compiler
python setup.py test                                 run the tests with this interpreter

``pip install .`` takes the same flags as ``--config-settings=--global-option=FLAG``, and the
environment variable ``PIKOS_REAL_TIME_LSPROF`` (1 or 0) stands for them where no flag is given.

The monitors' event source is built wherever there is a C compiler; ``PIKOS_EVENTS`` (1 or 0) says
otherwise.

The extension is linked with libzmq where its header and library are found: in the directories
given to ``build_ext -I DIR -L DIR``, by pkg-config, or in the compiler's default places.
Otherwise it binds, when imported, to the libzmq that the pyzmq package brings.
``PIKOS_LINK_LIBZMQ=1`` insists on the first way, ``PIKOS_LINK_LIBZMQ=0`` on the second.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import ClassVar, NamedTuple

try:
    from setuptools import Command, Distribution, Extension, setup
    from setuptools.command.build_ext import build_ext
except ModuleNotFoundError as error:
    sys.exit(
        f"setup.py: {error}; install it with {sys.executable} -m pip install setuptools, "
        f"or run {sys.executable} -m pip install . instead"
    )

# setuptools, imported first, brings distutils also where the interpreter no longer has it
from distutils.ccompiler import CCompiler, new_compiler  # isort: skip
from distutils.errors import DistutilsSetupError  # isort: skip
from distutils.sysconfig import customize_compiler  # isort: skip

HERE = Path(__file__).parent
OLDEST_LIBZMQ = (4, 3, 3)
"""Earlier ones have holes; the extension refuses them too when it binds."""

COMPILE_ARGS = ["-std=c11", "-O3", "-fvisibility=hidden"]

INITIAL_EXEC = "-ftls-model=initial-exec"
"""Makes thread-local variables quick, where a library that has them so can be loaded: musl's
loader refuses it."""

TLS_LIBRARY = """
_Thread_local int here;
int *pk_here(void) { return &here; }
"""

LIBRARIES = ["rt"] if sys.platform == "linux" else []  # timers, before glibc 2.34

REAL_TIME = "pikos._lsprof"
SHARED = ("endings", "fork_calls", "forked", "look_alike", "memory", "thread_object", "watchdog")
"""The C files of ext/ that both extensions consist of."""

PYTHON_PROGRAM = """
#include <Python.h>
#include <pthread.h>
#include <stdatomic.h>
int main(void) { return 0; }
"""

ZMQ_PROGRAM = """
#include <zmq.h>
#if ZMQ_VERSION < ZMQ_MAKE_VERSION({}, {}, {})
#error libzmq is too old
#endif
int main(void) {{ int a, b, c; zmq_version(&a, &b, &c); return 0; }}
""".format(*OLDEST_LIBZMQ)


class Libzmq(NamedTuple):
    """One libzmq to link with."""

    found: str
    """Where it was found, in words."""
    compile_arguments: list[str]
    link_arguments: list[str]


class PikosDistribution(Distribution):
    """A distribution whose extension is there by a flag, by the environment, or by a compiler."""

    global_options = [  # noqa: RUF012 - the base class's way
        *Distribution.global_options,
        ("with-real-time-lsprof", None, "build the extension of the real-time profiler, or fail"),
        ("without-real-time-lsprof", None, "leave the extension of the real-time profiler out"),
    ]
    negative_opt = {  # noqa: RUF012 - the base class's way
        **Distribution.negative_opt,
        "without-real-time-lsprof": "with-real-time-lsprof",
    }

    def __init__(self, attrs: dict[str, object] | None = None) -> None:
        self.with_real_time_lsprof: int | None = None
        super().__init__(attrs)

    def has_ext_modules(self) -> bool:
        """Whether the extension is built; the first to ask makes the decision."""
        if self.ext_modules is None:
            real_time = [real_time_extension()] if self._wants_real_time() else []
            events = [events_extension()] if self._wants_events() else []
            self.ext_modules = real_time + events
        return bool(self.ext_modules)

    def _wants_events(self) -> bool:
        wanted = switch("PIKOS_EVENTS")
        return why_not_compile() is None if wanted is None else bool(wanted)

    def _wants_real_time(self) -> bool:
        wanted = self.with_real_time_lsprof
        if wanted is None:
            wanted = switch("PIKOS_REAL_TIME_LSPROF")
        if wanted is not None:
            return bool(wanted)
        obstacle = why_not_compile()
        if obstacle is None:
            return True
        say(
            f"pikos._lsprof, the extension of the real-time profiler, is left out: {obstacle}. "
            "The rest of Pikos works, the monitors more slowly. Put this right and install again."
        )
        return False


class BuildExtension(build_ext):
    """Builds the extension against libzmq where it is found, or without."""

    def finalize_options(self) -> None:
        """Have the distribution decide, and keep what -L says apart from what is added to it."""
        self.distribution.has_ext_modules()
        given = self.library_dirs or []
        self.given_library_dirs = given.split(os.pathsep) if isinstance(given, str) else given
        super().finalize_options()

    def build_extension(self, ext: Extension) -> None:
        """Build it, unless nothing changed, against the libzmq that is found, and say which."""
        link = switch("PIKOS_LINK_LIBZMQ")
        self.force = self.force or link is not None
        if not self.force and is_newer(self.get_ext_fullpath(ext.name), ext.sources + ext.depends):
            return
        obstacle = why_not_compile()
        if obstacle is not None:
            raise DistutilsSetupError(f"{ext.name} cannot be built: {obstacle}")
        if can_load_initial_exec(self.compiler):
            ext.extra_compile_args = [*ext.extra_compile_args, INITIAL_EXEC]
        if ext.name == REAL_TIME:
            self._choose_libzmq(ext, link)
        super().build_extension(ext)

    def _choose_libzmq(self, ext: Extension, link: int | None) -> None:
        """Link with the libzmq that is found, unless link is 0, and say which it is."""
        libzmq = None if link == 0 else self._find_libzmq()
        if libzmq is not None:
            ext.define_macros = [*ext.define_macros, ("PK_LINK_ZMQ", "1")]
            ext.extra_compile_args = [*ext.extra_compile_args, *libzmq.compile_arguments]
            ext.extra_link_args = [*ext.extra_link_args, *libzmq.link_arguments]
            say(f"{ext.name} is linked with the libzmq {libzmq.found}")
        elif link:
            raise DistutilsSetupError(
                "PIKOS_LINK_LIBZMQ is 1, but no libzmq of at least {}.{}.{} with its header is "
                "there: not with build_ext -I DIR -L DIR, not by pkg-config, and not in the "
                "compiler's default places".format(*OLDEST_LIBZMQ)
            )
        else:
            say(f"{ext.name} will bind, when imported, to the libzmq of the pyzmq package")

    def _find_libzmq(self) -> Libzmq | None:
        """The first libzmq that a program can be linked with."""
        includes = [f"-I{directory}" for directory in self.include_dirs]
        libraries = [f"-L{directory}" for directory in self.library_dirs]
        ways = [Libzmq("in the compiler's default places", [], ["-lzmq"])]
        packaged = pkg_config_libzmq()
        if packaged is not None:
            ways.insert(0, packaged)
        given = [Path(directory).resolve() for directory in self.given_library_dirs]
        holding = next((directory for directory in given if has_libzmq(directory)), None)
        if holding is not None:
            ways.insert(0, Libzmq(f"in {holding}", [], ["-lzmq", f"-Wl,-rpath,{holding}"]))
        for way in ways:
            arguments = [*includes, *way.compile_arguments, *libraries, *way.link_arguments]
            if try_program(self.compiler, ZMQ_PROGRAM, arguments):
                return way
        return None


class RunTests(Command):
    """Runs the test suite with this interpreter: ``python setup.py test``."""

    description = "build the extension in place, if it is wanted, and run the tests"
    user_options: ClassVar[list[tuple[str, str, str]]] = []

    def initialize_options(self) -> None:
        """Have no options."""

    def finalize_options(self) -> None:
        """Have none still."""

    def run(self) -> None:
        """Run them, and end with pytest's status if it is not 0."""
        if importlib.util.find_spec("pytest") is None:
            sys.exit("error: pytest is not installed: pip install '.[test]'")
        if self.distribution.has_ext_modules():
            self.reinitialize_command("build_ext", inplace=1)
            self.run_command("build_ext")
        done = subprocess.run([sys.executable, "-m", "pytest"], check=False, cwd=HERE)
        if done.returncode:
            sys.exit(done.returncode)


def real_time_extension() -> Extension:
    """The extension, of all the C files in ext/."""
    sources = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("ext/*.c"))
    headers = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("ext/*.h"))
    return Extension(
        REAL_TIME,
        sources,
        depends=headers,
        libraries=LIBRARIES,
        extra_compile_args=[*COMPILE_ARGS, "-pthread"],
        extra_link_args=["-pthread"],
    )


def events_extension() -> Extension:
    """The monitors' event source, of the C files in ext/monitors/ and those that both use."""
    sources = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("ext/monitors/*.c"))
    headers = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("ext/**/*.h"))
    return Extension(
        "pikos._events",
        [*sources, *(f"ext/{name}.c" for name in SHARED)],
        depends=headers,
        include_dirs=["ext"],
        libraries=LIBRARIES,
        extra_compile_args=[*COMPILE_ARGS, "-pthread"],
        extra_link_args=["-pthread"],
    )


def switch(variable: str) -> int | None:
    """1 or 0 as the environment variable says, None where it is not set."""
    value = os.environ.get(variable, "")
    if value not in {"", "0", "1"}:
        sys.exit(f"error: {variable} is {value!r}; it may be 1, 0 or not set")
    return int(value) if value else None


def is_newer(target: str, inputs: list[str]) -> bool:
    """Whether target is there and none of the inputs was changed after it."""
    path = Path(target)
    return path.exists() and path.stat().st_mtime > max(
        (HERE / name).stat().st_mtime for name in [*inputs, "setup.py"]
    )


def say(text: str) -> None:
    """Say text on stderr, whatever the verbosity."""
    print(f"pikos: {text}", file=sys.stderr)  # noqa: T201 - a build's only voice


def why_not_compile() -> str | None:
    """What keeps a program with Python.h from being compiled, None where nothing does."""
    if sys.platform == "win32":
        return "it needs POSIX threads, which Windows has not"
    compiler = new_compiler()
    customize_compiler(compiler)
    includes = {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
    if not try_program(compiler, "int main(void) { return 0; }", []):
        return f"no C compiler that works ({shlex.join(compiler.compiler)})"
    if not try_program(compiler, PYTHON_PROGRAM, [f"-I{place}" for place in includes]):
        return "no Python.h, or a C compiler without C11's atomics and POSIX threads"
    return None


def try_program(compiler: CCompiler, text: str, arguments: list[str]) -> bool:
    """Whether text compiles and links with the arguments."""
    with tempfile.TemporaryDirectory(prefix="pikos-build-") as directory:
        return compiled(compiler, text, arguments, directory) is not None


def can_load_initial_exec(compiler: CCompiler) -> bool:
    """Whether this interpreter loads a library whose thread-local variables are initial-exec."""
    with tempfile.TemporaryDirectory(prefix="pikos-build-") as directory:
        arguments = ["-std=c11", "-shared", "-fPIC", INITIAL_EXEC]
        library = compiled(compiler, TLS_LIBRARY, arguments, directory)
        load = [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])"]
        return (
            library is not None
            and subprocess.run([*load, library], check=False, capture_output=True).returncode == 0
        )


def compiled(compiler: CCompiler, text: str, arguments: list[str], directory: str) -> str | None:
    """Compile and link text in a directory: the file that was made, None where that fails."""
    source = Path(directory, "program.c")
    source.write_text(text, encoding="utf-8")
    made = str(source.with_suffix(""))
    command = [*compiler.compiler, str(source), "-o", made, *arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True, cwd=directory)
    except OSError:
        return None
    return made if done.returncode == 0 else None


def pkg_config_libzmq() -> Libzmq | None:
    """The libzmq that pkg-config knows, None where it knows none or is not there."""
    program = os.environ.get("PKG_CONFIG", "pkg-config")
    answers = []
    for question in ("--cflags", "--libs"):
        try:
            done = subprocess.run(
                [program, question, "libzmq"], check=False, capture_output=True, text=True
            )
        except OSError:
            return None
        if done.returncode != 0:
            return None
        answers.append(shlex.split(done.stdout))
    return Libzmq("that pkg-config knows", *answers)


def has_libzmq(directory: Path) -> bool:
    """Whether the directory holds a shared libzmq."""
    return any(any(directory.glob(f"libzmq.{ending}*")) for ending in ("so", "dylib"))


setup(
    distclass=PikosDistribution,
    cmdclass={"build_ext": BuildExtension, "test": RunTests},
)
