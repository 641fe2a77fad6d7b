#!/usr/bin/env bash
# Builds this peer so that it runs as fast as it can, and prints the path of the library to preload.
# usage: prepare.sh
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dotnet build -c Release --nologo -v q "$here" >&2
bin=$here/bin/Release/net10.0
# MKL takes slower kernels on processors that are not Intel's, at half the speed on a Zen 5, unless these say otherwise.
# The last function is one that TorchSharp's native library finds in libstdc++ from GCC 13 on.
cat > "$bin/preload.cpp" <<'END'
extern "C" int mkl_serv_intel_cpu() { return 1; }
extern "C" int mkl_serv_intel_cpu_true() { return 1; }
extern "C" void _ZSt21ios_base_library_initv() {}
END
g++ -shared -fPIC -o "$bin/preload.so" "$bin/preload.cpp" >&2
if ! grep -q GLIBCXX_3.4.32 "$(g++ -print-file-name=libstdc++.so.6)"; then
  native=$(find "$bin" -name libLibTorchSharp.so | grep linux-x64 || find "$bin" -name libLibTorchSharp.so | head -1)
  python3 "$here/weaken-glibcxx-need.py" "$native" >&2
fi
echo "$bin/preload.so"
