"""Records: strict YAML, the kinds their schemas define, and the catalogue of them all."""
