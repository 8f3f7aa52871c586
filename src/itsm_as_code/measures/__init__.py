"""Values that are worked out from records: each in one place, exact, and the same for checks, site and reports.

Pure functions of plain values: no record, clock or file is read here. Money and targets are ``Decimal`` or
``Fraction``, never binary floats; a share is a ``Fraction`` of one, a percentage is only a way to write it
(:mod:`itsm_as_code.measures.numbers`).
"""
