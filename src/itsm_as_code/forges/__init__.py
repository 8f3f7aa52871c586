"""Forges: where pull requests and reviews come from. One module each behind a small interface."""
