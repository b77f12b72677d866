"""Salesforce record ids: 15 characters or 18, upper case lost or not, to the one 18-character form."""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.sqltypes import VARCHAR
from numpy.typing import NDArray

ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)
PLACE = {int(letter): number for number, letter in enumerate(ALPHABET)}
BITS = np.array([PLACE.get(letter, 0) for letter in range(256)], dtype=np.uint8)
SHAPE = "^[A-Za-z0-9]{15}([A-Za-z0-5]{3})?$"
FILLER = "A" * 15


UPPER, LOWER, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"
FIVES = ",".join("".join(str(number >> bit & 1) for bit in range(5)) for number in range(32))
# The usual id, 18 characters in both cases, is taken as it is; a short one gets its last three in SQL; one whose letters are
# all of one case goes through `canonical_ids`. `whole_key` computes the last three of every id anew.
MACROS = f"""
create or replace macro has_both_cases(stem) as stem <> upper(stem) and stem <> lower(stem);
create or replace macro upper_marks(stem) as translate(stem, '{UPPER}{LOWER}{DIGITS}', '{"1" * 26}{"0" * 36}');
create or replace macro mark(fives) as substr('{ALPHABET.tobytes().decode()}', (strpos('{FIVES}', fives) - 1) // 6 + 1, 1);
create or replace macro with_marks(stem, marks) as
    stem || mark(left(marks, 5)) || mark(substr(marks, 6, 5)) || mark(right(marks, 5));
create or replace macro whole_key(s) as case when regexp_full_match(s, '[A-Za-z0-9]{{15}}([A-Za-z0-5]{{3}})?') then
    case when length(s) = 15 or has_both_cases(left(s, 15)) then with_marks(left(s, 15), upper_marks(left(s, 15))) else sf_id(s) end end;
create or replace macro as_key(s) as case
    when regexp_full_match(s, '[A-Za-z0-9]{{15}}[A-Z0-5]{{3}}') and has_both_cases(left(s, 15)) then s else whole_key(s) end;
create or replace macro as_id(s) as case when length(s) = 18 and has_both_cases(left(s, 15)) then s else coalesce(whole_key(s), s) end;
"""


def define_id_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Define as_key(text): the canonical id, null where it is none; and as_id(text): that, or the text itself."""
    con.create_function("sf_id", canonical_ids, [VARCHAR], VARCHAR, type="arrow", null_handling="special")
    con.execute(MACROS)


def canonical_ids(texts: pa.Array) -> pa.Array:
    """The case-sensitive 18-character form of each id; null where a text is no Salesforce id.

    The last three characters of the long form say which of the first fifteen are upper case (one character per
    five; bit j set when character j is A-Z, read as an index into A-Z0-5), so a long id that lost its case on the
    way (all letters lower, or all upper) is restored from them. A short id that lost its case cannot be.
    """
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    fits = pc.fill_null(pc.match_substring_regex(texts, SHAPE), False)
    ids = np.array(pc.if_else(fits, texts, FILLER).to_pylist(), dtype="S18")
    letters = ids.view(np.uint8).reshape(len(ids), 18).copy()
    is_long = letters[:, 17] > 0
    stem, suffix = letters[:, :15], _upper(letters[:, 15:])
    marked = (np.unpackbits(BITS[suffix][:, :, None], axis=2, bitorder="little")[:, :, :5].reshape(-1, 15)) == 1
    is_letter = (_upper(stem) >= ord("A")) & (_upper(stem) <= ord("Z"))
    is_upper = (stem >= ord("A")) & (stem <= ord("Z"))
    has_one_case = (is_letter & is_upper).any(axis=1) != (is_letter & ~is_upper).any(axis=1)
    is_restorable = is_long & has_one_case & ~(marked & ~is_letter).any(axis=1)
    restored = np.where(marked, _upper(stem), _lower(stem))
    letters[:, :15] = np.where(is_restorable[:, None], restored, stem)
    letters[:, 15:] = ALPHABET[_suffix_places(letters[:, :15])]
    answer = letters.view("S18").ravel().astype("U18")
    return pa.array(answer, mask=~fits.to_numpy(zero_copy_only=False), type=pa.string())


def _suffix_places(stem: NDArray[np.uint8]) -> NDArray[np.int64]:
    is_upper = (stem >= ord("A")) & (stem <= ord("Z"))
    return is_upper.reshape(-1, 3, 5) @ (1 << np.arange(5))


def _upper(letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where((letters >= ord("a")) & (letters <= ord("z")), letters - 32, letters).astype(np.uint8)


def _lower(letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where((letters >= ord("A")) & (letters <= ord("Z")), letters + 32, letters).astype(np.uint8)
