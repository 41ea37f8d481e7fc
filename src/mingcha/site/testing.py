"""A pytest plugin: a test run has a data folder of its own. Named in ``pyproject.toml`` with ``-p``.

It must act before pytest-django reads the settings, which is earlier than any ``conftest.py``.
"""

import atexit
import os
import shutil
import tempfile

folder = tempfile.mkdtemp(prefix="mingcha-test-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.environ["MINGCHA_DATA"] = folder
os.environ.setdefault("MINGCHA_SECRET_KEY", "a key for tests alone, never used by a running server")
