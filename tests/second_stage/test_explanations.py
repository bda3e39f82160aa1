"""Explanations quote what is there, drop what isn't, and say who wrote them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lexfit.compose import compose
from lexfit.config import Params
from lexfit.config_second_stage import ExplainerParams
from lexfit.errors import LexfitError
from lexfit.second_stage.explanations import Explainer, Explanation, first_sentence, unsupported
from lexfit.typed import build
from tests.conftest import REPO

FACTS = "The appellant took the cheque of the deceased, wrote his own name on it and cashed it at the bank."
STATUTE = "Whoever commits forgery shall be punished with imprisonment. Section 465 applies to the forged cheque."


@pytest.fixture(scope="module")
def explainer(tiny_writer: Path, make_params: Callable[..., Params]) -> Explainer:
    found = yaml.safe_load(compose(["+explainer=smollm2-135m"], REPO / "conf"))["explainer"]
    own = build(ExplainerParams, found, "explainer", "conf/explainer")
    model = replace(own.model, path=str(tiny_writer), package=None, gguf_file=None)
    return Explainer(replace(own, model=model, max_new_tokens=8), make_params().runtime)


def test_both_quotations_stand_in_their_texts(explainer: Explainer) -> None:
    found = explainer.explain(FACTS, "465", STATUTE, "Forgery")
    assert found.facts_say in FACTS
    assert found.statute_says in STATUTE
    assert 4 <= len(found.facts_say.split()) <= 25
    assert (found.reason == "") == (found.dropped is not None)
    assert found == explainer.explain(FACTS, "465", STATUTE, "Forgery")


def test_a_blank_text_is_refused(explainer: Explainer) -> None:
    with pytest.raises(LexfitError, match="blank"):
        explainer.explain(" ", "465", STATUTE)
    with pytest.raises(LexfitError, match="465"):
        explainer.explain(FACTS, "465", "")


def test_invented_quotations_and_citations_are_found() -> None:
    assert unsupported('he "took the  cheque" and Section 465 applies', FACTS, STATUTE) is None
    assert "took a car" in str(unsupported("he “took a car”", FACTS, STATUTE))
    for reason in ("under section 302", "see Art. 21", "Ss. 34", "§ 9"):
        assert "cites" in str(unsupported(reason, FACTS, STATUTE))


def test_a_changed_quotation_fails_the_check() -> None:
    good = Explanation("465", "", "took the cheque", "commits forgery", "he forged it.", None, "m")
    good.check(FACTS, STATUTE)
    for changed in ({"facts_say": "took a cheque"}, {"statute_says": "commits Forgery"}, {"statute_says": " "}):
        with pytest.raises(LexfitError, match="465"):
            replace(good, **changed).check(FACTS, STATUTE)


def test_a_reason_ends_with_its_sentence() -> None:
    assert first_sentence(" he forged it. Then he") == "he forged it."
    assert first_sentence("he forged s.465 papers! And") == "he forged s.465 papers!"
    assert first_sentence("he forged and") == ""


@pytest.mark.parametrize("name", ["smollm2-135m", "gemma-2b", "mistral-7b"])
def test_every_explainer_composes(name: str) -> None:
    found = yaml.safe_load(compose([f"+explainer={name}"], REPO / "conf"))["explainer"]
    own = build(ExplainerParams, found, "explainer", "conf/explainer")
    assert {"{facts}", "{statute}"} <= {word for word in own.prompt.split() if word.startswith("{")}
