"""What licences of data and base models permit, and where a model's licence conflicts with them.

A reading of the licences' texts for a tool that stops by default, not legal advice. Whether weights are adapted
material of their training data is unsettled; the rules take the side that is safe if they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lexfit.corpus.sources.options import INDEPENDENT_LICENCES
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from lexfit.config import Params

YES, NO, UNKNOWN = "yes", "no", "unknown"
ATTRIBUTION, SHARE_ALIKE, TERMS, USES = "attribution", "share-alike", "terms passed on", "restricted uses"


@dataclass(frozen=True)
class Licence:
    """What a licence permits (`yes`, `no`, `unknown`) and on which conditions; `url` is the text judged by."""

    id: str
    training: str
    redistribution: str
    commercial: str
    conditions: tuple[str, ...]
    url: str


class Material(NamedTuple):
    """Something that a model is made of: what it is, its licence, whether it is the base model."""

    name: str
    licence: str
    base: bool = False


_CC = "https://creativecommons.org/licenses/{}/legalcode"
_OPEN = [
    ("apache-2.0", (ATTRIBUTION,), "https://www.apache.org/licenses/LICENSE-2.0"),
    ("mit", (ATTRIBUTION,), "https://opensource.org/license/mit"),
    ("bsd-2-clause", (ATTRIBUTION,), "https://opensource.org/license/bsd-2-clause"),
    ("bsd-3-clause", (ATTRIBUTION,), "https://opensource.org/license/bsd-3-clause"),
    ("isc", (ATTRIBUTION,), "https://opensource.org/license/isc-license-txt"),
    ("unlicense", (), "https://unlicense.org"),
    ("cc0-1.0", (), "https://creativecommons.org/publicdomain/zero/1.0/legalcode"),
    ("pddl", (), "https://opendatacommons.org/licenses/pddl/1-0/"),
    ("odc-by", (ATTRIBUTION,), "https://opendatacommons.org/licenses/by/1-0/"),
    ("odbl", (ATTRIBUTION, SHARE_ALIKE), "https://opendatacommons.org/licenses/odbl/1-0/"),
    ("cdla-permissive-2.0", (), "https://cdla.dev/permissive-2-0/"),
    ("ogl-uk-3.0", (ATTRIBUTION,), "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"),
    ("cc-by-3.0", (ATTRIBUTION,), _CC.format("by/3.0")),
    ("cc-by-4.0", (ATTRIBUTION,), _CC.format("by/4.0")),
    ("cc-by-sa-3.0", (ATTRIBUTION, SHARE_ALIKE), _CC.format("by-sa/3.0")),
    ("cc-by-sa-4.0", (ATTRIBUTION, SHARE_ALIKE), _CC.format("by-sa/4.0")),
    ("gpl-3.0", (ATTRIBUTION, SHARE_ALIKE), "https://www.gnu.org/licenses/gpl-3.0.html"),
    ("agpl-3.0", (ATTRIBUTION, SHARE_ALIKE), "https://www.gnu.org/licenses/agpl-3.0.html"),
    ("gemma", (TERMS, USES), "https://ai.google.dev/gemma/terms"),
    ("llama2", (ATTRIBUTION, TERMS, USES), "https://ai.meta.com/llama/license/"),
    ("llama3", (ATTRIBUTION, TERMS, USES), "https://www.llama.com/llama3/license/"),
    ("llama3.1", (ATTRIBUTION, TERMS, USES), "https://www.llama.com/llama3_1/license/"),
    ("llama3.2", (ATTRIBUTION, TERMS, USES), "https://www.llama.com/llama3_2/license/"),
]
_CLOSED = [
    Licence("cc-by-nc-4.0", YES, YES, NO, (ATTRIBUTION,), _CC.format("by-nc/4.0")),
    Licence("cc-by-nc-sa-4.0", YES, YES, NO, (ATTRIBUTION, SHARE_ALIKE), _CC.format("by-nc-sa/4.0")),
    Licence("cc-by-nd-4.0", YES, NO, YES, (ATTRIBUTION,), _CC.format("by-nd/4.0")),
    Licence("cc-by-nc-nd-4.0", YES, NO, NO, (ATTRIBUTION,), _CC.format("by-nc-nd/4.0")),
    Licence("other", UNKNOWN, UNKNOWN, UNKNOWN, (), ""),
    Licence("unknown", UNKNOWN, UNKNOWN, UNKNOWN, (), ""),
]
# What is adapted from the first may be shared under the second, by the first's own text.
COMPATIBLE = {("cc-by-sa-3.0", "cc-by-sa-4.0"), ("cc-by-sa-4.0", "gpl-3.0")}
LICENCES = {licence.id: licence for licence in [*(Licence(i, YES, YES, YES, c, u) for i, c, u in _OPEN), *_CLOSED]}


def licence_of(licence_id: str) -> Licence:
    """What a licence permits, by its id in any case; nothing is known of one that isn't in the table."""
    key = licence_id.strip().lower()
    return LICENCES.get(key, Licence(key, UNKNOWN, UNKNOWN, UNKNOWN, (), ""))


def conflicts(card: str, materials: list[Material]) -> list[str]:
    """A sentence for each reason why a model of these materials can't be published under a licence.

    Args:
        card: The licence that the model is to have.
        materials: The base model and what it was trained on.
    """
    own = licence_of(card)
    found = []
    if own.redistribution != YES:
        known = "isn't in the table of licences" if own.id not in LICENCES else f"says {own.redistribution} to it"
        found.append(f"The model's licence {own.id} doesn't say that weights may be passed on: it {known}.")
    for name, licence_id, base in materials:
        given = licence_of(licence_id)
        verb = "is" if base else "is trained on and is"
        subject = f"{name} ({given.id})"
        if UNKNOWN in {given.training, given.redistribution, given.commercial}:
            known = "says nothing of" if given.id in LICENCES else "isn't in the table of licences, so nothing says"
            found.append(f"{subject}: {given.id} {known} whether weights made from it may be passed on.")
            continue
        if given.training == NO:
            found.append(f"{subject} may not be used for training.")
        if given.redistribution == NO:
            found.append(f"{subject} {verb} not to be passed on in adapted form, and published weights may be that.")
        if given.commercial == NO and own.commercial != NO:
            found.append(f"{subject} {verb} for non-commercial use only, and {own.id} would permit commercial use.")
        if SHARE_ALIKE in given.conditions and own.id != given.id and (given.id, own.id) not in COMPATIBLE:
            found.append(
                f"{subject} {verb} to be shared alike: what is adapted from it needs {given.id}, not {own.id}."
            )
        if TERMS in given.conditions and own.id != given.id:
            found.append(
                f"{subject} {verb} under terms that must be passed on: the model needs {given.id}, not {own.id}."
            )
    return found


def materials_of(params: Params) -> list[Material]:
    """The base model, and whose texts or judgements train, a generator's too; under zero_shot the task's own do not."""
    base = Material(f"Base model {params.model.hub_id}", params.model.license, base=True)
    task = [] if params.protocol.name == "zero_shot" else [Material(f"Data {params.data.source}", params.data.license)]
    written = params.generator.model if any(s.source == "synthetic" for s in params.data.train.values()) else None
    generator = [] if written is None else [Material(f"Texts written by {written.hub_id}", written.license)]
    further = [Material(f"Data {name}", s.license) for name, s in params.data.train.items()]
    if any(s.options.get("texts") == "independent" for s in params.data.train.values()):
        further += [Material(f"Texts of {name}", licence) for name, licence in INDEPENDENT_LICENCES.items()]
    return [base, *task, *further, *generator]


def check_publishable(params: Params) -> None:
    """Raise `LexfitError` with all conflicts, unless `card.licence_override_reason` says why they don't hold."""
    found = conflicts(params.card.license, materials_of(params))
    if found and params.card.licence_override_reason is None:
        raise LexfitError(
            "params.yaml: card.license",
            "the model isn't publishable. " + " ".join(found).rstrip("."),
            "Choose another card.license, leave the source out, or say in card.licence_override_reason why it may be",
        )


def licence_table(params: Params) -> list[tuple[str, str, str, str, str, str, str]]:
    """Rows of name, licence, the three permissions, conditions and licence text; the model's own comes first."""
    rows = []
    for name, licence_id, _ in [Material("This model", params.card.license), *materials_of(params)]:
        known = licence_of(licence_id)
        conditions = ", ".join(known.conditions) or ("unknown" if known.training == UNKNOWN else "none")
        permits = (known.training, known.redistribution, known.commercial)
        rows.append((name, known.id, *permits, conditions, known.url or "not known"))
    return rows
