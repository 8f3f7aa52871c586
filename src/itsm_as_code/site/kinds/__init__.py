"""How single kinds are shown: a module each."""
