"""What `itsm evidence note` prints."""
