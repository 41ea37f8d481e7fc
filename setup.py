"""Build the compiled codec core; where no compiler is, the pure twin serves (``mingcha doctor`` says which)."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

CORE = Path("src/mingcha/protocol/hj212")

setup(
    ext_modules=cythonize(
        [
            Extension(
                "mingcha.protocol.hj212._codec",
                [str(CORE / "_codec.pyx")],
                depends=[str(path) for path in sorted([*CORE.glob("_*.pxi"), CORE / "_wire.h"])],
                include_dirs=[str(CORE)],
                optional=True,
                extra_compile_args=["-O3"],
            )
        ],
        compiler_directives={"language_level": "3", "boundscheck": False, "wraparound": False},
    )
)
