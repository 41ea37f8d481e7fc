"""Attachments by digest: photos, filings, reports."""

from mingcha.store.blobs.files import BlobFailed, Blobs, BlobTooLarge

__all__ = ["BlobFailed", "BlobTooLarge", "Blobs"]
