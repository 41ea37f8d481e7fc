"""Sentences for people, in the language of the page that asks."""

from django.utils.translation import get_language


def say(zh: str, en: str) -> str:
    """``en`` where the page is English, else ``zh``: what was found, what is right, what to do."""
    return en if (get_language() or "").startswith("en") else zh
