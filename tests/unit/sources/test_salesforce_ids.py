import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealtriage.sources.salesforce_ids import canonical_ids


def canonical(text: str | None) -> str | None:
    return canonical_ids(pa.array([text], type=pa.string())).to_pylist()[0]


@pytest.mark.parametrize(("text", "expected"), [
    ("0067E0000028LZP", "0067E0000028LZPQA2"), ("0067E0000028LZPQA2", "0067E0000028LZPQA2"),
    ("0067e0000028lzpqa2", "0067E0000028LZPQA2"), ("0067E0000028LZ", None), ("0067E0000028LZP!A2", None),
    ("0067E0000028LZPQA9", None), (None, None), ("", None), ("ü" * 15, None),
    ("0067E0000028lZPQ22", "0067E0000028lZPQAY")])  # a wrong checksum does not change an id that kept its case
def test_examples(text: str | None, expected: str | None) -> None:
    assert canonical(text) == expected


@settings(derandomize=True)
@given(st.text("ABCXYZabcxyz0189", min_size=15, max_size=15))
def test_any_id_survives_the_loss_of_its_case(short: str) -> None:
    long = canonical(short)
    assert long is not None
    assert long[:15] == short
    assert canonical(long) == canonical(long.lower()) == canonical(long.upper()) == long
