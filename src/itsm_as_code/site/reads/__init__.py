"""What pages are made of: every look-up is noted with a digest of its answer, so that a page whose answers are the
same as in an earlier build need not be made again.

Views know nothing of it. They ask a context whose catalogue, facts, instant and remembered answers note what is asked
for; whatever is reached in another way than by these is part of what a whole build depends on (``publish.py``).
"""
