"""The files of a new repository, as templates; `itsm init` fills in names and copies schemas and policy packs."""
