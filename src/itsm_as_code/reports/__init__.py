"""What commands print: pure functions, result in, text out. All of them treat what records say as hostile text.

``<report>/<format>.py`` has ``render``, which makes text of what there is to report; the first line of its docstring is
what the documentation says of it. Modules whose names begin with an underscore serve the formats.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from itsm_as_code.errors import ItsmError

_FIRST: Final = ("text", "json", "mermaid", "sarif", "markdown", "github")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")


def formats(report: str) -> list[str]:
    """The formats of a report as ``--format`` names them: some in their order, then the others. None is imported.

    ItsmError for a module that cannot be named so.
    """
    folders = [str(Path(folder) / report) for folder in __path__]
    modules = [info.name for info in pkgutil.iter_modules(folders) if not info.name.startswith("_")]
    for module in modules:
        if not _NAME.match(module):
            remedy = "name it with lower-case letters, digits and single underscores, or begin it with an underscore"
            raise ItsmError(f"reports/{report}/{module}.py cannot be a format of a report", remedy=remedy)
    names = [module.replace("_", "-") for module in modules]
    return [*(name for name in _FIRST if name in names), *sorted(set(names) - set(_FIRST))]


def renderer(report: str, name: str) -> Callable[..., str]:
    """What writes a report in a format; ItsmError when its module has no such function."""
    path = f"{report}.{name.replace('-', '_')}"
    render: Callable[..., str] | None = getattr(importlib.import_module(f"{__name__}.{path}"), "render", None)
    if render is None:
        remedy = "give it one, or begin its name with an underscore"
        raise ItsmError(f"reports/{path.replace('.', '/')}.py has no function 'render'", remedy=remedy)
    return render
