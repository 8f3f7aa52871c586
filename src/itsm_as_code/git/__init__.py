"""git, and nothing but git: snapshots of a revision, of the work tree, or of a merge that has not happened yet."""
