"""What `itsm policy coverage` prints."""
