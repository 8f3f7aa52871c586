"""A client of yaml-language-server over standard input and output: enough to ask for problems and completions.

Protocol: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class LanguageServer:
    """A server for the files of a folder, with the settings of VS Code that it is given."""

    def __init__(self, node: str, script: Path, folder: Path, settings: Mapping[str, Any]) -> None:
        command = [node, str(script), "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self._folder, self._number = folder, 0
        self._settings = {"yaml": {"validate": True, "completion": True, "schemaStore": {"enable": False}}}
        self._settings["yaml"] |= {key.removeprefix("yaml."): value for key, value in settings.items()}
        self._problems: dict[str, list[dict[str, Any]]] = {}
        able: dict[str, Any] = {"textDocument": {"publishDiagnostics": {}}, "workspace": {"configuration": True}}
        about = {"processId": None, "rootUri": folder.as_uri(), "capabilities": able}
        about["workspaceFolders"] = [{"uri": folder.as_uri(), "name": "records"}]  # type: ignore[assignment]
        self.ask("initialize", about)
        self._send("initialized", {})
        self._send("workspace/didChangeConfiguration", {"settings": self._settings})

    def problems(self, path: str, text: str) -> list[dict[str, Any]]:
        """What the server says of a file with some text, which need not be there."""
        uri = self._open(path, text)
        while uri not in self._problems:
            self._read()
        return self._problems[uri]

    def completions(self, path: str, text: str, line: int, character: int) -> list[str]:
        """What the server offers at a place of a text (from 0)."""
        where = {"textDocument": {"uri": self._open(path, text)}, "position": {"line": line, "character": character}}
        found = self.ask("textDocument/completion", where)
        return [item["label"] for item in (found["items"] if isinstance(found, dict) else found)]

    def ask(self, method: str, params: Any) -> Any:
        """The result of a request."""
        self._number += 1
        number = self._number
        self._send(method, params, id=number)
        while (message := self._read()).get("id") != number or "method" in message:
            pass
        return message["result"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _open(self, path: str, text: str) -> str:
        uri = (self._folder / path).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send("textDocument/didOpen", {"textDocument": document})
        return uri

    def _send(self, method: str, params: Any, **more: Any) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params, **more})

    def _write(self, message: Mapping[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        """The next message; requests of the server are answered, and problems kept."""
        stream = self._process.stdout
        assert stream is not None
        size = 0
        while (line := stream.readline()) != b"\r\n":
            assert line, "the server has ended"
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(stream.read(size))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._problems[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            self._write({"jsonrpc": "2.0", "id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: Mapping[str, Any]) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        items = message["params"]["items"]
        return [self._settings.get(item.get("section", ""), {}) for item in items]
