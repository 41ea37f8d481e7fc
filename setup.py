"""Build the compiled cores; where no compiler is, their pure twins serve (``mingcha doctor`` says which)."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

SOURCE = Path("src/mingcha")


def core(folder: str, name: str) -> Extension:
    """The module ``name`` of ``folder`` with the parts it includes."""
    place = SOURCE / folder
    return Extension(
        ".".join(("mingcha", *Path(folder).parts, name)),
        [str(place / f"{name}.pyx")],
        depends=[str(path) for path in sorted([*place.glob("_*.pxi"), *place.glob("_*.h")])],
        include_dirs=[str(place)],
        optional=True,
        extra_compile_args=["-O3"],
    )


setup(
    ext_modules=cythonize(
        [core("protocol/hj212", "_codec"), core("store/journal", "_pack")],
        compiler_directives={"language_level": "3", "boundscheck": False, "wraparound": False},
    )
)
