from itsm_as_code.snapshot import *  # noqa
from itsm_as_code.snapshot import SKIPPED_FOLDERS, SYMLINK, SUBMODULE, REGULAR, Entry, Snapshot, WorkTree  # noqa
