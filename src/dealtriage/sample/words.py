"""Invented words for people, firms and mail; nothing here names anyone real."""

from __future__ import annotations

import random

FIRST_NAMES = (
    "Ana", "Bram", "Carla", "Dario", "Elif", "Femke", "Goran", "Hedda", "Ivo", "Jutta", "Kofi", "Lena", "Malik",
    "Nora", "Oskar", "Priya", "Quirin", "Rosa", "Tomás", "Ursula", "Veit", "Wanda", "Xenia", "Yara", "Zoé",
)  # fmt: skip
_STARTS = (
    "Bel",
    "Cor",
    "Dru",
    "Fen",
    "Gal",
    "Hol",
    "Jas",
    "Kel",
    "Lor",
    "Mav",
    "Nim",
    "Ost",
    "Pel",
    "Quo",
    "Ruv",
)
_MIDDLES = ("a", "é", "i", "o", "ü", "ar", "en", "ist", "or", "ul")
_ENDS = (
    "bek",
    "dane",
    "fort",
    "gaard",
    "lund",
    "mont",
    "nique",
    "quist",
    "rath",
    "sen",
    "thal",
    "vic",
    "wen",
)
TRADES = (
    "Logistics",
    "Foods",
    "Textiles",
    "Instruments",
    "Packaging",
    "Clinics",
    "Print",
    "Energy",
    "Timber",
    "Labs",
)
TITLES = (
    "Head of Operations",
    "CFO",
    "IT Manager",
    "Buyer",
    "COO",
    "Plant Manager",
    "Controller",
    "Project Lead",
)
SENIOR_TITLES = frozenset({"CFO", "COO", "Head of Operations"})
DEPARTMENTS = ("Operations", "Finance", "IT", "Purchasing")
PRODUCTS = ("Latex line", "Export desk", "Import suite", "Depot rollout", "Fleet upgrade", "Service plan")
_PLAIN = str.maketrans("éüöáÉ", "euoaE")


def surname(rng: random.Random) -> str:
    """A surname put together from syllables."""
    return rng.choice(_STARTS) + rng.choice(_MIDDLES) + rng.choice(_ENDS)


def plain(text: str) -> str:
    """The lower-case ASCII letters of a name, for addresses."""
    return "".join(char for char in text.translate(_PLAIN).lower() if char.isascii() and char.isalnum())
