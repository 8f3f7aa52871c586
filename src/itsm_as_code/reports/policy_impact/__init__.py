"""What `itsm policy impact` prints."""
