"""The static site: validation in, files out, one by one; swapped in whole."""

from itsm_as_code.site.pages import address_of, build
from itsm_as_code.site.publish import Built, memory, publish
from itsm_as_code.site.views.context import Past
from itsm_as_code.site.write import clean, is_for_sites, write

__all__ = ["Built", "Past", "address_of", "build", "clean", "is_for_sites", "memory", "publish", "write"]
