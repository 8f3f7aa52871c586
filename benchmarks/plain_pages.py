"""Render pages of one size with Jinja2 and nothing else: `python benchmarks/plain_pages.py PAGES BYTES PROCESSES`."""

from __future__ import annotations

import multiprocessing
import sys

import jinja2

PAGE = """<!doctype html><html lang="en"><title>{{ title }}</title><table>{% for row in rows %}
<tr><td><a href="{{ row.href }}">{{ row.name }}</a></td><td>{{ row.text }}</td></tr>{% endfor %}</table></html>"""
_ROW = 120


def render(pages: int, size: int) -> None:
    """Render some pages of about a size."""
    template = jinja2.Environment(autoescape=True).from_string(PAGE)
    text = "before the night the queue drains & waits"
    for page in range(pages):
        rows = [
            {"href": f"../services/{page}-{row}.html", "name": f"service-{row:05d}", "text": text}
            for row in range(size // _ROW)
        ]
        template.render(title=f"Page {page}", rows=rows)


def main() -> None:
    """Share the pages among processes."""
    pages, size, processes = map(int, sys.argv[1:])
    workers = [multiprocessing.Process(target=render, args=(pages // processes, size)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
