"""The decision as an in-toto Statement v1 with a SLSA Verification Summary (VSA) v1.

Statement: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
Digests of git objects: https://github.com/in-toto/attestation/blob/main/spec/v1/digest_set.md
Predicate: https://slsa.dev/spec/v1.0/verification_summary
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import orjson

from itsm_as_code import __version__
from itsm_as_code.errors import ItsmError
from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/verification_summary/v1"
VERIFIER: Final = "pkg:generic/itsm-as-code"
"""A package URL (https://github.com/package-url/purl-spec) of no registry: a name, and no claim to an address."""
LEVEL: Final = "ITSM_CHANGE_AUTHORISED"
"""Of our own; names that begin with SLSA_ are kept for SLSA."""


def render(decision: Decision) -> str:
    data = decision.evidence
    if decision.verdict == "error" or not data["head"]:
        raise ItsmError("there is no verdict to attest", remedy="mend what kept the gate from judging")
    if "whatIf" in data:
        raise ItsmError("a what-if verifies nothing", remedy="leave out --as, --with-review and --with-policy")
    passed = decision.verdict == "approved"
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [_subject(data)],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "verifier": {"id": VERIFIER, "version": {"itsm-as-code": __version__}},
            "timeVerified": data["now"],
            "resourceUri": _gitoid("commit", data["head"]),
            "policy": _policy(data),
            "inputAttestations": [_evidence(decision.digest)],
            "verificationResult": "PASSED" if passed else "FAILED",
            "verifiedLevels": [LEVEL] if passed else ["FAILED"],
            "slsaVersion": "1.0",
        },
    }
    return escape.json(orjson.dumps(statement, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).decode())


def _subject(data: Mapping[str, Any]) -> dict[str, Any]:
    """The head commit, and the tree that its merge gives, where it can be merged."""
    digest = {"gitCommit": data["head"]}
    if data["candidate"]:
        digest["gitTree"] = data["candidate"]
    return {"name": _gitoid("commit", data["head"]), "digest": digest}


def _policy(data: Mapping[str, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = {"uri": _gitoid("commit", data["base"])}
    if data["policyDigest"]:
        policy["digest"] = {"sha256": data["policyDigest"].removeprefix("sha256:")}
    return policy


def _evidence(digest: str) -> dict[str, Any]:
    """The evidence by its digest, as RFC 6920 names things by their hash."""
    value = digest.removeprefix("sha256:")
    name = base64.urlsafe_b64encode(bytes.fromhex(value)).decode().rstrip("=")
    return {"uri": f"ni:///sha-256;{name}", "digest": {"sha256": value}}


def _gitoid(kind: str, oid: str) -> str:
    """A git object as a URI (https://www.iana.org/assignments/uri-schemes/prov/gitoid)."""
    return f"gitoid:{kind}:{'sha1' if len(oid) == 40 else 'sha256'}:{oid}"
