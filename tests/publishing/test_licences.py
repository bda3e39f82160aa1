"""Licences that conflict stop publishing, with a sentence each; only a written reason overrides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit.__main__ import main
from lexfit.compose import compose
from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.publishing.card import render_card
from lexfit.publishing.licences import LICENCES, Material, check_publishable, conflicts, licence_table, materials_of
from tests.conftest import REPO
from tests.publishing.test_card import facts

REASON = "The rights holder permits it in a letter of 3 March 2024."
NON_COMMERCIAL = ("data/train=columns", "data.train.columns.license=cc-by-nc-4.0")
OVERRIDE = f"card.licence_override_reason='{REASON}'"


@pytest.mark.parametrize(
    ("card", "licence", "base", "sentence"),
    [
        ("apache-2.0", "cc-by-4.0", False, None),
        ("apache-2.0", "mit", True, None),
        ("APACHE-2.0", "Unlicense", False, None),
        ("gemma", "gemma", True, None),
        ("cc-by-nc-4.0", "cc-by-nc-4.0", False, None),
        ("cc-by-sa-4.0", "cc-by-sa-3.0", True, None),
        ("cc-by-nc-sa-4.0", "cc-by-nc-4.0", False, None),
        ("apache-2.0", "cc-by-nc-4.0", False, "for non-commercial use only, and apache-2.0 would permit"),
        ("apache-2.0", "cc-by-nc-sa-4.0", True, "shared alike: what is adapted from it needs cc-by-nc-sa-4.0"),
        ("apache-2.0", "cc-by-sa-4.0", True, "needs cc-by-sa-4.0, not apache-2.0"),
        ("cc-by-sa-3.0", "cc-by-sa-4.0", False, "needs cc-by-sa-4.0, not cc-by-sa-3.0"),
        ("apache-2.0", "gemma", True, "under terms that must be passed on: the model needs gemma"),
        ("apache-2.0", "llama3", True, "the model needs llama3"),
        ("cc-by-nd-4.0", "cc-by-nd-4.0", False, "not to be passed on in adapted form"),
        ("apache-2.0", "proprietary", False, "proprietary isn't in the table of licences"),
        ("apache-2.0", "other", False, "other says nothing of whether weights"),
        ("other", "mit", False, "The model's licence other doesn't say"),
    ],
)
def test_conflicts(card: str, licence: str, base: bool, sentence: str | None) -> None:
    found = conflicts(card, [Material("Thing", licence, base)])
    assert (found == []) if sentence is None else any(sentence in said for said in found)


def test_every_conflict_is_named() -> None:
    found = conflicts("apache-2.0", [Material("Base", "gemma", base=True), Material("A", "cc-by-nc-sa-4.0")])
    assert len(found) == 3
    assert all(said.startswith(("Base (gemma)", "A (cc-by-nc-sa-4.0)")) for said in found)


def test_the_table_is_lower_case_and_names_the_text_judged_by() -> None:
    assert all(key == key.lower() == licence.id for key, licence in LICENCES.items())
    assert all(licence.url.startswith("https://") for licence in LICENCES.values() if licence.training != "unknown")


def test_the_tasks_own_data_binds_unless_it_trains_nothing(make_params: Callable[..., Params]) -> None:
    zero = make_params("data=aila_fire", "protocol=zero_shot", "data/train=constitution")
    assert [m.name for m in materials_of(zero)[1:]] == ["Data constitution"]
    trained = make_params("data=aila_fire", "protocol=kfold", "data/train=constitution")
    assert [m.name for m in materials_of(trained)[1:]] == ["Data aila_fire", "Data constitution"]
    assert [row[1] for row in licence_table(trained)] == ["apache-2.0", "apache-2.0", "cc-by-4.0", "apache-2.0"]


def test_check_publishable_stops_or_is_overridden(make_params: Callable[..., Params]) -> None:
    check_publishable(make_params())
    with pytest.raises(
        LexfitError, match=r"card\.license: the model isn't publishable.*Data columns \(cc-by-nc-4\.0\)"
    ):
        check_publishable(make_params(*NON_COMMERCIAL))
    check_publishable(make_params(*NON_COMMERCIAL, OVERRIDE))
    with pytest.raises(LexfitError, match=r"licence_override_reason: is 'because'\. Write a sentence"):
        make_params(*NON_COMMERCIAL, "card.licence_override_reason=because")


def test_the_card_shows_the_table_and_whether_it_may_be_published(make_params: Callable[..., Params]) -> None:
    assert "Not publishable" not in (text := render_card(make_params(), facts()))
    assert "| This model | apache-2.0 | yes | yes | yes | attribution |" in text
    stopped = render_card(make_params(*NON_COMMERCIAL), facts())
    assert "> **Not publishable.** Data columns (cc-by-nc-4.0)" in stopped
    overridden = render_card(make_params(*NON_COMMERCIAL, OVERRIDE), facts())
    assert "Not publishable" not in overridden
    assert REASON in overridden
    assert "- Data columns (cc-by-nc-4.0)" in overridden


def test_the_command_prints_and_exits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*overrides: str) -> str:
        Path("params.yaml").write_text(compose(list(overrides), REPO / "conf"))
        main(["licences"])
        return capsys.readouterr().out

    assert "publishable: no conflict" in run()
    assert f"publishable, because: {REASON}" in run(*NON_COMMERCIAL, OVERRIDE)
    with pytest.raises(SystemExit) as caught:
        run(*NON_COMMERCIAL)
    assert caught.value.code == 1
    captured = capsys.readouterr()
    assert "cc-by-nc-4.0" in captured.out
    assert "non-commercial use only" in captured.err


def test_texts_of_independent_statutes_and_of_a_generator_count(make_params: Callable[..., Params]) -> None:
    recipe = ["data=aila_fire", "protocol=zero_shot", "data/train=[citations,synthetic]"]
    needs = ["data.train.synthetic.license=mit", "data.train.synthetic.options.corpus=beir", "generator=gemma-2b"]
    params = make_params(*recipe, *needs, "data.train.citations.options.texts=independent")
    found = {m.name: m.licence for m in materials_of(params)}
    assert found["Texts of central_acts"] == "unlicense"
    assert found["Texts of constitution"] == "apache-2.0"
    assert found["Texts written by google/gemma-2b"] == "gemma"
    assert any("google/gemma-2b" in sentence for sentence in conflicts("apache-2.0", materials_of(params)))
    own = {m.name for m in materials_of(make_params(*recipe[:2], "data/train=citations"))}
    assert not {name for name in own if name.startswith("Texts")}
