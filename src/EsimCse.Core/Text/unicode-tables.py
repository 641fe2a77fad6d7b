"""Writes unicode-tables.bin, which UnicodeTables.cs reads: the image of each code point under accent stripping
(NFD without Mn) and under lower-casing.

Each table: int32 number of entries, then for each entry int32 code point, int32 length, int32 code points.
Hangul syllables are absent: they are decomposed by arithmetic.
"""
import struct
import sys
import unicodedata

def table(image):
    rows = []
    for code in range(0x80, 0x110000):
        if 0xD800 <= code <= 0xDFFF or 0xAC00 <= code <= 0xD7A3:
            continue
        result = image(chr(code))
        if result != chr(code):
            rows.append(struct.pack(f"<ii{len(result)}i", code, len(result), *map(ord, result)))
    return struct.pack("<i", len(rows)) + b"".join(rows)

def stripped(character):
    return "".join(c for c in unicodedata.normalize("NFD", character) if unicodedata.category(c) != "Mn")

with open(sys.argv[1], "wb") as output:
    output.write(table(stripped) + table(str.lower))
