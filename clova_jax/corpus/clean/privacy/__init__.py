"""Finds and masks what identifies a person, in the ways that Koreans write it.

Eight types: `rrn` (resident registration number), `phone`, `email`, `account` (bank), `card`,
`passport`, `licence` (driver's), `ip` (public addresses).

    windows     where in a text numbers may stand, in one linear search
    view        a window as the rules read it: every way of writing a digit is ASCII, characters
                that nobody sees are gone, and each character knows its place in the text
    phones, numbers, emails, addresses
                the forms of the types; a form that fits is a candidate with its evidence
    cues        the words before a number that speak for a type or against it
    search      candidates against each other, by their evidence, until nothing more is found

Evidence decides, in this order: an *unmistakable* form (a hyphened mobile number, a registration
number with its check digit, an e-mail address) is masked whatever is written around it; a *telling* form unless a
label right before it names another kind of number (`주문번호 02-345-6789`); any other only where a
word near it speaks for the type.

Types and partial keeping: the HyperCLOVA paper's appendix on anonymisation, and a talk of its authors.
"""

from clova_jax.corpus.clean.privacy.findings import TYPES, Finding
from clova_jax.corpus.clean.privacy.numbers import luhn, rrn_check_digit
from clova_jax.corpus.clean.privacy.search import excerpt, find, mask
from clova_jax.corpus.clean.privacy.view import View, digit_view

__all__ = [
    "TYPES",
    "Finding",
    "View",
    "digit_view",
    "excerpt",
    "find",
    "luhn",
    "mask",
    "rrn_check_digit",
]
