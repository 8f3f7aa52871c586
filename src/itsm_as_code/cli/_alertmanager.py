"""An Alertmanager that is asked what fires."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.request import getproxies

from itsm_as_code.errors import ForgeError, ItsmError, UsageError
from itsm_as_code.forges.http import Client


def fired(address: str | None, files: tuple[Path, ...]) -> dict[str, bytes]:
    """The alerts that fire, as the API of an Alertmanager gives them, where one is asked; ItsmError where it fails."""
    if bool(files) == (address is not None):
        raise UsageError("name FILE, or --from-alertmanager", remedy="one of the two; - reads standard input")
    if address is None:
        return {}
    token = os.environ.get("ALERTMANAGER_TOKEN", "").strip()
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = Client(address, headers, getproxies(), may_be_plain=not token)
        return {f"{address}/api/v2/alerts": json.dumps(client.get("/api/v2/alerts")).encode()}
    except ItsmError as error:
        remedy = "write an address such as https://alerts.example.org; http will do only without ALERTMANAGER_TOKEN"
        code = error.code if isinstance(error, ForgeError) else "unreachable"
        raise ItsmError(f"Alertmanager was not asked: {error}", remedy=remedy, code=code) from None
