"""Measurements: what monitoring says of services, from the sources that itsm.yaml names.

One table is the seam between all sources and all figures, with a row for each stretch of time of an objective:

| column | holds |
| --- | --- |
| `service` | name of a Service |
| `objective` | name of an availability objective of one of its agreements |
| `instant` | when the row begins, in RFC 3339 with seconds and offset |
| `until` | when it ends (may be left out: after the source's `interval`, or with the next row, if that is earlier) |
| `up` | share of one that was up: `1`, `0`, or a decimal between them |
| `good`, `total` | in place of `up`: events that went well, of how many |

A row without events says nothing of its time. Of `good` and `total` the lost share is taken to nine decimals, rounded
up (the average of ratios that OpenSLO calls RatioTimeslices); with a `threshold` the whole row is up where so much or
more went well, and down otherwise (Timeslices). What no row says anything of is a gap: no data.
"""
