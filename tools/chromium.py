"""See that Chromium and Chinese fonts are here for the browser tests; install them where we may."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("chromium", "fonts-noto-cjk")


def found() -> bool:
    """Whether a Chromium and a font with Chinese letters are installed."""
    browser = any(shutil.which(name) for name in NAMES)
    if not shutil.which("fc-list"):
        return False
    fonts = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False).stdout
    return browser and bool(fonts.strip())


def main() -> None:
    """Install, or say exactly what to install."""
    if found():
        return
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES, "fontconfig"]
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("· installing Chromium and Chinese fonts for the browser tests", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
        subprocess.run(command, check=False, **quiet)
    if not found():
        sys.exit(
            "The browser tests need Chromium and a Chinese font. Install them and try again:\n"
            f"  Debian, Ubuntu: sudo {' '.join(command)}\n"
            "  elsewhere: any Chromium on PATH as 'chromium', and Noto Sans CJK\n"
            "Without them: .venv/bin/pytest -m 'not browser' runs all other tests."
        )


if __name__ == "__main__":
    main()
