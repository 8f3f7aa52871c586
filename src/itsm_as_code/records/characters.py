"""Characters that no text of a record holds, because people do not see them or read them as something else.

C0 and C1 controls (but tab, LF, CR LF), what Unicode calls default ignorable (zero width and other invisible
characters; U+FE0F, which emoji need, is let through), line and paragraph separators, bidirectional controls, the byte
order mark and noncharacters. Source: Unicode 15, DerivedCoreProperties.txt.

The two joiners are let through where they show, which is where languages and emoji need them, and nowhere else:

- U+200C between two letters of the Arabic script that would join without it (Persian, Urdu; UAX 31, rule A1),
- U+200C between a virama and a letter, and U+200D behind a virama, of the scripts of India and Sri Lanka (A2 and B),
- U+200D between ra and a virama, in Bengali before ya, in Kannada before a consonant, where it keeps the ra whole
  (Unicode Standard 15, sections 12.2 and 12.8),
- U+200D between two emoji (UTS 51, section 1.4.8: emoji ZWJ sequences).
"""

from __future__ import annotations

import re
from typing import Final

_NONCHARACTERS: Final = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_HIDDEN: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    f"\U0001d173-\U0001d17a\U000e0000-\U000e0fff{_NONCHARACTERS}"
)

# Joining_Type of the Arabic and Arabic Supplement blocks (Unicode 15, ArabicShaping.txt): R joins to the right alone.
RIGHT_JOINING: Final = (
    "\u0622-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0673\u0675-\u0677\u0688-\u0699\u06c0\u06c3-\u06cb\u06cd\u06cf"
    "\u06d2\u06d3\u06d5\u06ee\u06ef\u0759-\u075b\u076b\u076c\u0771\u0773\u0774\u0778\u0779"
)
DUAL_JOINING: Final = (
    "\u0620\u0626\u0628\u062a-\u062e\u0633-\u063f\u0641-\u0647\u0649\u064a\u066e\u066f\u0678-\u0687\u069a-\u06bf\u06c1"
    "\u06c2\u06cc\u06ce\u06d0\u06d1\u06fa-\u06fc\u06ff\u0750-\u0758\u075c-\u076a\u076d-\u0770\u0772\u0775-\u0777"
    "\u077a-\u077f"
)
_TRANSPARENT: Final = "\u064b-\u065f\u0670"
# Each looks back over a joiner and what stands before it, and then ahead.
_CURSIVE: Final = (
    f"(?:(?<=[{DUAL_JOINING}]\u200c)|(?<=[{DUAL_JOINING}][{_TRANSPARENT}]\u200c))"
    f"(?=[{_TRANSPARENT}]?[{DUAL_JOINING}{RIGHT_JOINING}])"
)

_INDIC: Final = "\u0900-\u0dff"
VIRAMA: Final = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca"
_VOWEL_SIGNS: Final = "".join(f"{chr(block + 0x3E)}-{chr(block + 0x4C)}" for block in range(0x900, 0xD80, 0x80))
_CONJUNCT: Final = (
    f"(?<=[{_INDIC}][{VIRAMA}]\u200c)(?=[{_INDIC}])(?![{_VOWEL_SIGNS}{VIRAMA}])"
    f"|(?<=[{_INDIC}][{VIRAMA}]\u200d)(?![{_VOWEL_SIGNS}\u0dcf-\u0ddf{VIRAMA}])"
)
_WHOLE_RA: Final = "(?<=\u09b0\u200d)(?=\u09cd\u09af)|(?<=\u0cb0\u200d)(?=\u0ccd[\u0c95-\u0cb9])"

_EMOJI: Final = (
    "\u2194-\u21aa\u2300-\u23ff\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa"
    "\U0001f400-\U0001faff"
)
_AFTER_EMOJI: Final = "\ufe0f\U0001f3fb-\U0001f3ff"
_SEQUENCE: Final = f"(?:(?<=[{_EMOJI}]\u200d)|(?<=[{_EMOJI}][{_AFTER_EMOJI}]\u200d))(?=[{_EMOJI}])"

FORBIDDEN: Final = re.compile(f"[{_HIDDEN}]|\r(?!\n)|[\u200c\u200d](?!{_CURSIVE}|{_CONJUNCT}|{_WHOLE_RA}|{_SEQUENCE})")
"""Finds what no text of a record holds. Ask it about a whole text: whether a joiner shows depends on its neighbours."""
