"""The one form of a record: what `itsm fmt` writes.

Keys stand in the order of the kind's schema, text is in double quotes where some YAML reader would take it for
something else and plain otherwise, blocks are indented by two, and blank lines are single. Comments stay with what
they are about; flow collections and block scalars keep their form.

The new text is proven before it is handed out: it holds the same data and the same comments, and formatting it
again changes nothing. A file for which that cannot be shown is left as it is.

Why not ruamel.yaml (0.19, on the 609 records of this repository, all in form): a round trip with its own settings
changes all of them, with indentation, width and quotes as here one, in 9.6 ms a record; this takes 2.5, proof included.
A comment belongs to what stands before it there, so putting keys in order takes ``# about b`` along with ``a``. Order,
quotes, blank lines and the proof would stay here, and a dependency would come.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.findings import Finding, Location, Rule, Severity
from itsm_as_code.progress import watched
from itsm_as_code.records.bundles import Schema
from itsm_as_code.records.document import YAML_LIMIT, Data, Refused, load, parse
from itsm_as_code.records.kinds import API_VERSION, KindRegistry
from itsm_as_code.records.layout import Block, BlockEntry, BlockScalar, Flow, Layout, Scalar, Unusual, read_layout
from itsm_as_code.records.reading import FILE_KIND, FILE_READABLE, RECORD_KIND
from itsm_as_code.records.writer import LONGEST_KEY, in_order, looks_like_other_type, one_line
from itsm_as_code.snapshot import MAX_BYTES, SYMLINK, Snapshot, TooLarge

FORMAT_KEPT = Rule(
    "format-kept",
    "The layout of a record can be normalised",
    Severity.INFO,
    "Where a file is laid out in a way that cannot be normalised with certainty, for example with a comment between "
    "a key and its value, `itsm fmt` leaves the whole file as it is. Move the comment above the key, or to the end "
    "of the line.",
)
RULES = (FORMAT_KEPT,)
_CONFIGURATION: Final = "itsm.yaml"
_MODELINE: Final = "# yaml-language-server:"


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file before and after; ``findings`` say why it could not be read (error) or was left as it is (info)."""

    path: str
    before: bytes
    after: bytes
    findings: tuple[Finding, ...] = ()

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def format_files(snapshot: Snapshot, registry: KindRegistry, only: Iterable[str] = ()) -> Iterator[Formatted]:
    """All records of a snapshot and itsm.yaml; or those of some files and folders, and any record named by its path.

    ``only`` are paths that the snapshot has. Nothing is written.
    """
    named = frozenset(only)
    chosen = [path for path in snapshot.entries if _is_chosen(path, registry, named)]
    readable = []
    for path in chosen:
        entry = snapshot.entries[path]
        if not entry.is_regular:
            what = "a symbolic link" if entry.mode == SYMLINK else "no regular file"
            yield _refused(path, FILE_KIND, Severity.INFO, f"left as it is: {what}", "format the file itself")
        else:
            readable.append(path)
    contents = snapshot.read_many(readable)
    for path in watched("files put in form", readable):
        content = next(contents)[1]
        if isinstance(content, TooLarge):
            message = f"the file has {content.size:,} bytes; a record has at most {MAX_BYTES:,}"
            yield _refused(path, YAML_LIMIT, Severity.ERROR, message, "split the record")
        elif isinstance(content, OSError):
            message = f"cannot be read: {content.strerror}"
            yield _refused(path, FILE_READABLE, Severity.ERROR, message, "mend its permissions")
        else:
            yield format_file(path, content, registry)


def _is_chosen(path: str, registry: KindRegistry, named: frozenset[str]) -> bool:
    if path in named:
        return True
    parts = path.split("/")
    is_below = not named or any("/".join(parts[:count]) in named for count in range(len(parts)))
    return is_below and is_formatted(path, registry)


def is_formatted(path: str, registry: KindRegistry) -> bool:
    """Whether a file lies where records do, or is itsm.yaml: what is formatted without being named."""
    is_record = path == _CONFIGURATION or registry.of_path(path) is not None
    return is_record and path.endswith(".yaml") and not path.rpartition("/")[2].startswith(".")


def _refused(path: str, rule: Rule, severity: Severity, message: str, remedy: str) -> Formatted:
    return Formatted(path, b"", b"", (Finding(rule.id, severity, Location(path), message, remedy),))


def format_file(path: str, source: bytes, registry: KindRegistry) -> Formatted:
    """A record or itsm.yaml in its one form, as its kind's schema has it; unchanged where that cannot be."""
    document = load(path, source)
    if isinstance(document, Finding):
        return Formatted(path, source, source, (document,))
    named = document.data.get("kind")
    kind = registry.get(named) if isinstance(named, str) else None
    schema = kind.schema if kind else None
    if named == "Configuration":
        schema = registry.bundled("configuration.schema.json")
    if document.data.get("apiVersion") != API_VERSION or schema is None:
        message = f"not a record: apiVersion is not {API_VERSION}, or the kind is unknown"
        finding = Finding(RECORD_KIND.id, Severity.ERROR, Location(path), message, "format records only")
        return Formatted(path, source, source, (finding,))
    return format_record(path, source, schema)


def format_record(path: str, source: bytes, schema: Schema | None) -> Formatted:
    """The record in its one form; without a schema of its kind only the envelope is put in order."""
    document = load(path, source)
    if isinstance(document, Finding):
        return Formatted(path, source, source, (document,))
    try:
        return Formatted(path, source, _proven(source, document.data, schema))
    except Unusual as reason:
        location = Location(path, reason.line, reason.column)
        message = f"left as it is: {reason.message} cannot be normalised"
        remedy = "write it as other records do, then format it again"
    except ValueError as reason:
        location = Location(path)
        message, remedy = f"left as it is: {reason}", "mend the layout by hand"
    return Formatted(path, source, source, (Finding(FORMAT_KEPT.id, Severity.INFO, location, message, remedy),))


def read_back(text: str, data: Data, comments: Counter[str], when: str) -> Layout:
    """The layout of a text that says just ``data``, with just these comments; ``when`` begins what is said otherwise.

    Raises Unusual or ValueError.
    """
    try:
        same = exactly(parse(text.encode())) == exactly(data)
    except Refused as refused:
        raise ValueError(f"{when} it could not be read: {refused}") from None
    if not same:
        raise ValueError(f"{when} it would say something else")
    layout = read_layout(text)
    if Counter(layout.comments) != comments:
        raise ValueError("a comment would be lost")
    return layout


def _proven(source: bytes, data: Data, schema: Schema | None) -> bytes:
    """The normalised source. Raises Unusual or ValueError when it cannot be shown to say the same."""
    lines = source.count(b"\n")
    # Which line ends a work tree has is git's business (core.autocrlf), as long as it is one kind.
    is_crlf = 0 < lines == source.count(b"\r\n")
    order = in_order(data, schema)
    layout = read_layout(source.decode().replace("\r\n", "\n"))
    text = render(layout, order)
    again = read_back(text, data, Counter(layout.comments), "normalised")
    if render(again, order) != text:
        raise ValueError("it has no one form")
    return (text.replace("\n", "\r\n") if is_crlf else text).encode()


def exactly(data: Any) -> str:
    """Text that tells 1, 1.0 and true apart, as ``==`` does not."""
    return json.dumps(data, sort_keys=True)


def render(layout: Layout, order: Data) -> str:
    """The text of a layout, its entries in the order of the keys of ``order``, which is the data that it holds."""
    root = layout.root
    header = _take_header(root.entries[0])
    _sort(root, order)
    writer = _Writer()
    writer.comments(header, 0, is_first=True)
    writer.block(root, 0, is_first=not header)
    while writer.lines and not writer.lines[-1] and writer.kept_at != len(writer.lines):
        writer.lines.pop()
    return "\n".join(writer.lines) + "\n"


def _take_header(first: BlockEntry) -> list[str]:
    """The comments about the file rather than its first key: the modeline, and what a blank line sets apart."""
    leading = first.leading
    modelines = [text for text in leading if text.startswith(_MODELINE)]
    rest = [text for text in leading if text not in modelines]
    while rest and not rest[0]:
        rest.pop(0)
        if modelines:
            modelines.append("")
            break
    blank = max((number for number, text in enumerate(rest) if not text), default=-1)
    first.leading = rest[blank + 1 :]
    return [*modelines, *rest[: blank + 1]]


def _sort(value: Any, order: Any) -> None:
    """Put the entries of all blocks in the order of the data ``order``."""
    if not isinstance(value, Block):
        return
    if value.is_mapping:
        places = {key: number for number, key in enumerate(order)}
        value.entries.sort(key=lambda entry: places[entry.key.value] if entry.key else 0)
        below: Iterable[Any] = order.values()
    else:
        below = order
    for entry, inner in zip(value.entries, below, strict=True):
        _sort(entry.value, inner)


class _Writer:
    """Writes blocks line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.kept_at = -1
        """The number of lines behind a block scalar that keeps its line ends: a blank line there would be text."""

    def comments(self, texts: list[str], indent: int, *, is_first: bool) -> None:
        """Comments and single blank lines; no blank line begins a block."""
        for text in texts:
            if text:
                self.lines.append(" " * indent + text)
                is_first = False
            elif not is_first and self.kept_at != len(self.lines) and self.lines[-1]:
                self.lines.append("")

    def block(self, block: Block, indent: int, *, is_first: bool = True) -> None:
        for entry in block.entries:
            self.comments(entry.leading, indent, is_first=is_first)
            if entry.key is not None:
                self._key(entry.key, entry, indent)
            else:
                self._item(entry, indent)
            is_first = False
        self.comments(block.trailing, indent, is_first=False)

    def _key(self, key: Scalar, entry: BlockEntry, indent: int) -> None:
        head = f"{' ' * indent}{_key_text(key)}:"
        if isinstance(entry.value, Block):
            self.lines.append(head + entry.comment)
            self.block(entry.value, indent + 2)
        else:
            self._leaf(head, entry.value, entry.comment, indent)

    def _item(self, entry: BlockEntry, indent: int) -> None:
        head = f"{' ' * indent}-"
        if not isinstance(entry.value, Block):
            self._leaf(head, entry.value, entry.comment, indent)
            return
        if entry.comment:
            self.lines.append(head + entry.comment)
            self.block(entry.value, indent + 2)
            return
        start = len(self.lines)
        self.block(entry.value, indent + 2)
        # What stands above the first entry goes above the dash, which is on the line of that entry.
        while not self.lines[start] or self.lines[start].lstrip().startswith("#"):
            self.lines[start] = self.lines[start][2:]
            start += 1
        self.lines[start] = f"{head} {self.lines[start][indent + 2 :]}"

    def _leaf(self, head: str, value: Scalar | BlockScalar | Flow, comment: str, indent: int) -> None:
        if isinstance(value, BlockScalar):
            lines = _block_scalar(value, indent)
        elif isinstance(value, Flow):
            lines = _flow(value, indent)
        else:
            lines = _scalar(value, indent)
        self.lines.append(f"{head} {lines[0]}".rstrip(" "))
        self.lines += lines[1:]
        self.lines[-1] += comment
        if isinstance(value, BlockScalar) and value.keeps_line_ends:
            self.kept_at = len(self.lines)


def _key_text(key: Scalar) -> str:
    text = _quoted(key)
    return text if len(text.encode()) <= LONGEST_KEY else key.text


def _quoted(scalar: Scalar) -> str:
    """The scalar plain where it can be, in double quotes where it must not be."""
    if not scalar.style and not _is_text(scalar):
        return scalar.text
    text = one_line(scalar.value)
    # Double quotes that are needed stay, with their escapes: what does not show is better seen.
    return scalar.text if scalar.style == '"' and text[0] in "'\"" else text


def _is_text(scalar: Scalar) -> bool:
    """Whether a plain scalar is text to us; parsed only where some reader would take it for something else."""
    return bool(scalar.text) and (
        not looks_like_other_type(scalar.text) or isinstance(parse(f"a: {scalar.text}\n".encode())["a"], str)
    )


def _scalar(scalar: Scalar, parent: int) -> list[str]:
    first, *rest = scalar.text.split("\n")
    if not rest:
        return [_quoted(scalar)]
    # White space around line ends is folded away (https://yaml.org/spec/1.2.2/#65-line-folding), unless escaped.
    pad = " " * (parent + 2)
    return [_strip_end(first), *(_strip_end(pad + line.lstrip(" \t")) for line in rest)]


def _strip_end(line: str) -> str:
    stripped = line.rstrip(" \t")
    return line if stripped.endswith("\\") else stripped


def _block_scalar(scalar: BlockScalar, parent: int) -> list[str]:
    header, *lines = scalar.text.split("\n")
    if scalar.keeps_line_ends and lines:
        lines.pop()
    pad = " " * (parent + (scalar.indent - scalar.parent if scalar.digit else 2))
    return [header.rstrip(), *(pad + line[scalar.indent :] if line[scalar.indent :] else "" for line in lines)]


def _flow(flow: Flow, parent: int) -> list[str]:
    text = flow.text
    for offset, scalar in reversed(flow.scalars):
        plain = not scalar.style and "\n" not in scalar.text and looks_like_other_type(scalar.text)
        if plain and _is_text(scalar):
            text = text[:offset] + one_line(scalar.value) + text[offset + len(scalar.text) :]
    first, *rest = text.split("\n")
    shift = (parent + 2 if flow.is_on_own_line else parent) - flow.base
    lines = [first]
    for line in rest:
        bare = line.lstrip(" ")
        lines.append(" " * max(len(line) - len(bare) + shift, 0) + bare)
    return [_strip_end(line) for line in lines]
