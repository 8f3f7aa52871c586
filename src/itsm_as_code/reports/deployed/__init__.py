"""What `itsm deployed --list` prints."""
