"""What the Hub on localhost answers: repositories with commits, tags and large files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any, Protocol

import yaml
from huggingface_hub.utils.sha import git_hash

TOKEN = "hf_" + "0" * 34
PAGE = 4  # files in a page of a listing


@dataclass
class Commit:
    """Files by path (bytes, or the SHA-256 of a large file), after a commit."""

    oid: str
    summary: str
    files: dict[str, bytes | str]


@dataclass
class Repo:
    """A repository: commits, the last being main, and tags."""

    private: bool
    commits: list[Commit]
    tags: dict[str, str] = field(default_factory=dict)

    def at(self, revision: str) -> Commit | None:
        """The commit of a branch, tag or id."""
        wanted = self.commits[-1].oid if revision == "main" else self.tags.get(revision, revision)
        return next((commit for commit in self.commits if commit.oid == wanted), None)


class State(Protocol):
    """What requests read and change; `served_hash` and `listed_hash` are lies told about files by their path."""

    repos: dict[str, Repo]
    large: dict[str, bytes]
    owners: set[str]
    writable: set[str]
    served_hash: dict[str, str]
    listed_hash: dict[str, str]
    cas: Path | None
    server_port: int

    @property
    def url(self) -> str:
        """Endpoint for `HfApi`."""


class Answer(Exception):  # noqa: N818  (an answer, not an error)
    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


def _missing(code: str) -> Answer:
    return Answer(404, {"error": f"{code}"}, **{"X-Error-Code": code})


@dataclass
class Request:
    """One request, which `route` answers."""

    server: State
    command: str
    headers: Message
    body: bytes
    query: dict[str, str]

    def route(self, path: str) -> Answer:
        """The answer for a path; raises `Answer` where the Hub would refuse."""
        if self.command == "PUT" and path.startswith("/storage/"):
            return self._store(path.removeprefix("/storage/"), self.body)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Answer(401, {"error": "Invalid credentials in Authorization header"})
        routes: list[tuple[str, Callable[..., Answer]]] = [
            (r"POST /api/repos/create", self._create),
            (r"POST /api/validate-yaml", self._validate),
            (r"GET /api/models/(\w+/[\w.-]+)/refs", self._refs),
            (r"GET /api/models/(\w+/[\w.-]+)/tree/([^/]+)", self._tree),
            (r"GET /api/models/(\w+/[\w.-]+)/xet-write-token/([^/]+)", self._xet),
            (r"GET /api/models/(\w+/[\w.-]+)", self._info),
            (r"POST /api/models/(\w+/[\w.-]+)/preupload/([^/]+)", self._preupload),
            (r"POST /api/models/(\w+/[\w.-]+)/commit/([^/]+)", self._commit),
            (r"POST /api/models/(\w+/[\w.-]+)/tag/([^/]+)", self._tag),
            (r"POST /(\w+/[\w.-]+)\.git/info/lfs/objects/batch", self._batch),
            (r"POST /verify/(\w+)", self._verify),
            (r"HEAD /(\w+/[\w.-]+)/resolve/([^/]+)/(.+)", self._resolve),
        ]
        for pattern, function in routes:
            if match := re.fullmatch(pattern, f"{self.command} {urllib.parse.unquote(path)}"):
                return function(*match.groups())
        raise Answer(501, {"error": f"{self.command} {path} isn't implemented here"})

    def _repo(self, name: str) -> Repo:
        if name not in self.server.repos:
            raise _missing("RepoNotFound")
        return self.server.repos[name]

    def _at(self, name: str, revision: str) -> Commit:
        commit = self._repo(name).at(revision)
        if commit is None:
            raise _missing("RevisionNotFound")
        return commit

    def _may_write(self, owner: str) -> None:
        if owner not in self.server.writable:
            raise Answer(403, {"error": "You don't have the rights to write here"})

    def _create(self) -> Answer:
        given = json.loads(self.body)
        name = f"{given['organization']}/{given['name']}"
        if given["organization"] not in self.server.owners:
            raise Answer(404, {"error": "No such organization"})
        self._may_write(given["organization"])
        if name in self.server.repos:
            raise Answer(409, {"error": "You already created this model repo", "url": f"{self.server.url}/{name}"})
        first = Commit(hashlib.sha1(name.encode()).hexdigest(), "initial commit", {".gitattributes": b"* text\n"})
        self.server.repos[name] = Repo(given.get("visibility") == "private", [first])
        return Answer(200, {"url": f"{self.server.url}/{name}", "name": name})

    def _validate(self) -> Answer:
        content = json.loads(self.body)["content"]
        licence = yaml.safe_load(content.split("---")[1])["license"]
        if licence != "apache-2.0":
            raise Answer(400, {"errors": [{"message": f"license {licence} is unknown"}], "warnings": []})
        return Answer(200, {"errors": [], "warnings": []})

    def _info(self, name: str) -> Answer:
        repo = self._repo(name)
        return Answer(200, {"id": name, "sha": repo.commits[-1].oid, "private": repo.private, "siblings": []})

    def _refs(self, name: str) -> Answer:
        repo = self._repo(name)
        tags = [{"name": t, "ref": f"refs/tags/{t}", "targetCommit": oid} for t, oid in repo.tags.items()]
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.commits[-1].oid}
        return Answer(200, {"branches": [main], "converts": [], "tags": tags})

    def _tree(self, name: str, revision: str) -> Answer:
        entries = []
        for path, content in sorted(self._at(name, revision).files.items()):
            large = isinstance(content, str)
            data = f"pointer to {content}".encode() if isinstance(content, str) else content
            entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": git_hash(data)}
            if large:
                entry["lfs"] = {"oid": self.server.listed_hash.get(path, content), "size": 1, "pointerSize": len(data)}
            elif path in self.server.listed_hash:
                entry["oid"] = self.server.listed_hash[path]
            entries.append(entry)
        start = int(self.query.get("cursor", 0))
        headers = {}
        if start + PAGE < len(entries):
            address = f"{self.server.url}/api/models/{name}/tree/{revision}?recursive=True&cursor={start + PAGE}"
            headers["Link"] = f'<{address}>; rel="next"'
        return Answer(200, entries[start : start + PAGE], **headers)

    def _preupload(self, name: str, revision: str) -> Answer:
        self._may_write(name.split("/", maxsplit=1)[0])
        files = []
        for given in json.loads(self.body)["files"]:
            mode = "lfs" if given["path"].endswith(".safetensors") else "regular"
            present = self._at(name, revision).files.get(given["path"])
            oid = present if present is None or isinstance(present, str) else git_hash(present)
            files.append({"path": given["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return Answer(200, {"files": files})

    def _xet(self, name: str, revision: str) -> Answer:
        self._at(name, revision)
        facts = {"casUrl": f"local://{self.server.cas}", "accessToken": "x", "exp": 4_000_000_000}
        headers = {"X-Xet-Cas-Url": facts["casUrl"], "X-Xet-Access-Token": "x", "X-Xet-Token-Expiration": "4000000000"}
        return Answer(200, facts, **headers)  # type: ignore[arg-type]

    def _batch(self, name: str) -> Answer:
        self._may_write(name.split("/", maxsplit=1)[0])
        objects = []
        for given in json.loads(self.body)["objects"]:
            upload = {"href": f"{self.server.url}/storage/{given['oid']}"}
            verify = {"href": f"{self.server.url}/verify/{given['oid']}"}
            new = given["oid"] not in self.server.large
            objects.append({**given, **({"actions": {"upload": upload, "verify": verify}} if new else {})})
        return Answer(200, {"transfer": "basic", "objects": objects})

    def _store(self, oid: str, body: bytes) -> Answer:
        if hashlib.sha256(body).hexdigest() != oid:
            raise Answer(400, {"error": "content doesn't have this hash"})
        self.server.large[oid] = body
        return Answer(200, b"")

    def _verify(self, oid: str) -> Answer:
        if oid not in self.server.large:
            raise Answer(404, {"error": "no such object"})
        return Answer(200, {})

    def _commit(self, name: str, revision: str) -> Answer:
        self._may_write(name.split("/", maxsplit=1)[0])
        repo, head = self._repo(name), self._at(name, revision)
        files = dict(head.files)
        summary = ""
        for line in self.body.splitlines():
            item = json.loads(line)
            key, value = item["key"], item["value"]
            if key == "header":
                summary = value["summary"]
                if value.get("parentCommit") not in {None, head.oid}:
                    raise Answer(412, {"error": "A commit has happened since. Please refresh and try again."})
            elif key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                if self.server.cas is None and value["oid"] not in self.server.large:
                    raise Answer(400, {"error": f"object {value['oid']} was never uploaded"})
                files[value["path"]] = value["oid"]
            elif key == "deletedFile":
                del files[value["path"]]
        oid = hashlib.sha1(f"{head.oid} {summary} {sorted(files)} {len(repo.commits)}".encode()).hexdigest()
        repo.commits.append(Commit(oid, summary, files))
        return Answer(200, {"commitUrl": f"{self.server.url}/{name}/commit/{oid}", "commitOid": oid})

    def _tag(self, name: str, revision: str) -> Answer:
        self._may_write(name.split("/", maxsplit=1)[0])
        tag = json.loads(self.body)["tag"]
        if tag in self._repo(name).tags:
            raise Answer(409, {"error": "Tag already exists"})
        self._repo(name).tags[tag] = self._at(name, revision).oid
        return Answer(200, {})

    def _resolve(self, name: str, revision: str, path: str) -> Answer:
        commit = self._at(name, revision)
        if path not in commit.files:
            raise _missing("EntryNotFound")
        content = commit.files[path]
        oid = self.server.served_hash.get(path, content if isinstance(content, str) else git_hash(content))
        headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{oid}"', "X-Linked-Size": "1"}
        if isinstance(content, str):  # large files are served from elsewhere
            address = f"http://localhost:{self.server.server_port}/storage/{content}"
            return Answer(302, b"", Location=address, **{**headers, "ETag": '"other"', "X-Linked-Etag": f'"{oid}"'})
        return Answer(200, content, **headers)
