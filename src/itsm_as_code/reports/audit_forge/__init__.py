"""What `itsm audit forge` prints."""
