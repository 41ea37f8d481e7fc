"""What every test has: a data folder of its own, and people (``tests/people.py``)."""

import os
import tempfile

# Before Django reads its settings: tests never touch the user's data folder.
os.environ["MINGCHA_DATA"] = tempfile.mkdtemp(prefix="mingcha-test-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mingcha.site.settings")
os.environ.setdefault("MINGCHA_SECRET_KEY", "a key for tests alone, never used by a running server")

from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("MINGCHA_FUZZ"):
    settings.register_profile("soak", deadline=None, max_examples=int(os.environ["MINGCHA_FUZZ"]))
    settings.load_profile("soak")
else:
    settings.load_profile("default")
