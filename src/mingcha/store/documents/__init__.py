"""PDF documents by Typst, with the Chinese font that the front-end build puts beside this file. No Django, no network."""

from mingcha.store.documents.typesetting import DATA, FONTS, font_files, pdf, pictures

__all__ = ["DATA", "FONTS", "font_files", "pdf", "pictures"]
