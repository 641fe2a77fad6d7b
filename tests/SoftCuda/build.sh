#!/usr/bin/env bash
# Builds SoftCuda into a folder, under the names of the three libraries that it replaces. Needs only g++.
# usage: build.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$out"
stamp=$(cat "$here"/*.h "$here"/*.cpp | cksum | tr -d ' ')
if [ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ]; then
  echo "SoftCuda is in $out"
  exit 0
fi
g++ -std=c++17 -O2 -ffp-contract=off -fPIC -shared -fvisibility=hidden -Wall -Wextra -Wno-clobbered \
  -DSIMT_FOLDER="\"$here\"" -DSIMT_STAMP="\"$stamp\"" "$here"/*.cpp -o "$out/libcuda.so.1" -ldl
ln -sf libcuda.so.1 "$out/libnvrtc.so.12"
ln -sf libcuda.so.1 "$out/libcublasLt.so.12"
echo "$stamp" > "$out/stamp"
echo "SoftCuda is in $out"
