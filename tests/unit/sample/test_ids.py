"""Salesforce ids."""

from __future__ import annotations

from dealtriage.sample.salesforce.ids import IdSequence, checksum, extend, make_id


def test_checksum_of_a_known_id() -> None:
    assert extend("0067E0000028LZP") == "0067E0000028LZPQA2"


def test_sequence_hands_out_what_make_id_names() -> None:
    sequence = IdSequence("Task")
    assert [sequence.take() for _ in range(200)] == [make_id("Task", number) for number in range(200)]


def test_every_id_carries_its_checksum() -> None:
    id_ = make_id("Opportunity", 123_456)
    assert len(id_) == 18
    assert id_.startswith("006")
    assert checksum(id_[:15]) == id_[15:]
