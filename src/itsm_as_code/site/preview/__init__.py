"""A site for its author alone, while it is written: served on this machine, and told of each build."""

from itsm_as_code.site.preview.server import Server, listen
from itsm_as_code.site.preview.told import Preview, Told

__all__ = ["Preview", "Server", "Told", "listen"]
