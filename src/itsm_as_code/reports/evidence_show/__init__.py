"""What `itsm evidence show` prints."""
