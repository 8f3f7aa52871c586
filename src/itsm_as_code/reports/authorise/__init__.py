"""What `itsm authorise` prints: yes or no, why, and when it will be possible."""
