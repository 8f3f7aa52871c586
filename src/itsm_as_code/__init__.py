"""ITSM as code: records of IT service management in git, judged by a change-approval gate."""

__version__ = "0.1.0"
