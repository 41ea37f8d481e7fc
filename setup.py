"""Build the compiled codec core; where no compiler is, the pure twin serves (``mingcha doctor`` says which)."""

from Cython.Build import cythonize
from setuptools import Extension, setup

setup(
    ext_modules=cythonize(
        [
            Extension(
                "mingcha.protocol.hj212._codec",
                ["src/mingcha/protocol/hj212/_codec.pyx"],
                optional=True,
                extra_compile_args=["-O3"],
            )
        ],
        compiler_directives={"language_level": "3", "boundscheck": False, "wraparound": False},
    )
)
