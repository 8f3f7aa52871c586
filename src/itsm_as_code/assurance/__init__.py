"""Assurance: evidence of what was merged, that anybody can check with git and ssh-keygen alone."""
