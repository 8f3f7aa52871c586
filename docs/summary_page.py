"""A summary of the gate as a forge shows it: Markdown to HTML, 860 pixels wide, in light or dark colours."""

from __future__ import annotations

from markdown_it import MarkdownIt

WIDTH = 860
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d1d9e0, #3d444d); --soft: light-dark(#f6f8fa, #151b23) }
body {
  margin: 0; padding: 16px 24px; box-sizing: border-box; font: 14px/1.5 "Noto Sans", "DejaVu Sans", sans-serif;
  color: light-dark(#1f2328, #f0f6fc); background: light-dark(#fff, #0d1117); overflow-wrap: break-word;
}
h1, h2 { margin: 16px 0 8px; padding-bottom: 4px; border-bottom: 1px solid var(--line); line-height: 1.25 }
h1 { margin-top: 0; font-size: 24px } h2 { font-size: 19px }
p, ul, table, details { margin: 0 0 10px } p:has(+ ul) { margin-bottom: 2px } ul { padding-left: 24px }
table { border-collapse: collapse } th, td { padding: 3px 12px; border: 1px solid var(--line); text-align: left }
code { padding: 1px 5px; border-radius: 5px; background: var(--soft); font: 12px "DejaVu Sans Mono", monospace }
details { margin: 0 } a { color: light-dark(#0969da, #4493f8) }
"""


def page(summary: str) -> str:
    """A page that shows a summary and nothing else."""
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Verdict</title><style>{STYLE}</style>'
    return f"{head}{MARKDOWN.render(summary)}</html>"
