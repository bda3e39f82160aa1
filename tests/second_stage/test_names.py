"""Names tell statutes apart, are the same for the same text, and come from its first line."""

from __future__ import annotations

from lexfit.second_stage.names import first_line, names_of


def test_the_first_line_without_its_label() -> None:
    assert first_line("Title: Punishment for  murder\nDesc: Whoever commits murder") == "Punishment for murder"
    assert first_line("\n\nMurder\nWhoever") == "Murder"
    assert first_line("  ") == ""


def test_names_are_short_where_that_is_enough() -> None:
    found = names_of({"a": "Title: Punishment for murder\nDesc: x", "b": "Title: Theft\nDesc: y"}, words=2)
    assert found == {"a": "Punishment for", "b": "Theft"}


def test_the_same_text_has_one_name_and_other_texts_other_names() -> None:
    texts = {
        "a": "Title: Definitions\nDesc: In this Act court means a court",
        "a2": "Title:  Definitions\nDesc: In this Act court means a court",
        "b": "Title: Definitions\nDesc: In this Act police means the police",
        "c": "Definitions",
        "d": "",
        "e": "Desc",
    }
    found = names_of(texts, words=3)
    assert found["a"] == found["a2"]
    distinct = [found[key] for key in "abcde"]
    assert len(set(distinct)) == len(distinct)
    assert all(distinct)
    assert found["a"].startswith("Definitions")


def test_names_dont_depend_on_the_order_of_documents() -> None:
    texts = {str(i): f"Section of things {i // 2}" + " more" * (i % 2) for i in range(8)}
    assert names_of(texts, 2) == {key: names_of(dict(reversed(texts.items())), 2)[key] for key in texts}
