"""Sweeps: every member of a kind, found from the tables of the program, none listed by hand."""
