#!/usr/bin/env python3
"""Lets TorchSharp's native library load where libstdc++ is older than GCC 13's, as on Debian 12.

    weaken-glibcxx-need.py libLibTorchSharp.so

Of the symbols of GLIBCXX_3.4.32 the library needs only an initialiser that does nothing. This marks the need as weak
in a build output's copy, so that the loader accepts the older libstdc++; prepare.sh preloads the symbol.
"""
import struct
import sys

VERSION = b"GLIBCXX_3.4.32"
WEAK = 2
VERSION_NEED = struct.Struct("<IHHI")


def elf_hash(name):
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high & 0xFFFFFFFF
    return value


def weaken(data):
    """Sets the flag in every entry of the version's hash, and returns their number. An entry is an Elf64_Vernaux:
    hash, flags, number of the version, place of the name."""
    found, at = 0, data.find(struct.pack("<I", elf_hash(VERSION)))
    while at >= 0:
        _, flags, number, _ = VERSION_NEED.unpack_from(data, at)
        if flags in (0, WEAK) and 2 <= number < 256:
            struct.pack_into("<H", data, at + 4, WEAK)
            found += 1
        at = data.find(struct.pack("<I", elf_hash(VERSION)), at + 1)
    return found


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = sys.argv[1]
    with open(path, "rb") as file:
        data = bytearray(file.read())
    found = weaken(data)
    if found != 1:
        sys.exit(f"{path}: found {found} needs of {VERSION.decode()}, expected 1")
    with open(path, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
