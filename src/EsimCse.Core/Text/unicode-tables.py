"""Writes the tables that UnicodeTables.cs and UnicodeNormalization.cs read.

unicode-tables.py TABLES.bin NORMALIZATION.bin

TABLES.bin: the image of each code point under accent stripping (NFD without Mn), and under lower-casing.
NORMALIZATION.bin: canonical decompositions; compatibility decompositions where they differ from the canonical ones;
combining classes; pairs, with the composed code point as the third of each image.

Each table: int32 number of entries, then for each entry int32 code point, int32 length, int32 code points. A pair's
"code point" is its number. Hangul syllables are absent: they are decomposed and composed by arithmetic.
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

def decomposed(form):
    return lambda character: unicodedata.normalize(form, character)

def compatible(character):
    canonical, full = unicodedata.normalize("NFD", character), unicodedata.normalize("NFKD", character)
    return character if full == canonical else full

def rows(entries):
    packed = [struct.pack(f"<ii{len(image)}i", code, len(image), *image) for code, image in entries]
    return struct.pack("<i", len(packed)) + b"".join(packed)

def classes():
    for code in range(0x110000):
        if unicodedata.combining(chr(code)):
            yield code, [unicodedata.combining(chr(code))]

def pairs():
    for code in range(0x80, 0x110000):
        parts = unicodedata.decomposition(chr(code)).split()
        canonical = len(parts) == 2 and not parts[0].startswith("<")
        if canonical and unicodedata.normalize("NFC", chr(code)) == chr(code):
            yield [int(parts[0], 16), int(parts[1], 16), code]

with open(sys.argv[1], "wb") as output:
    output.write(table(stripped) + table(str.lower))
with open(sys.argv[2], "wb") as output:
    output.write(table(decomposed("NFD")) + table(compatible) + rows(classes()) + rows(enumerate(pairs())))
