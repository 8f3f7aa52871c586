"""What `itsm policy list` prints."""
