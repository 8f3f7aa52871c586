"""What `itsm gate` prints: the decision on a pull request."""
