#!/usr/bin/env bash
# Builds this peer and runs it: run.sh DATA CONDITION STEPS SEED... > runs.jsonl     THREADS, DROPOUT in the environment
# TorchSharp's native library asks for a newer libstdc++ than some systems have: COMPAT names torchsharp-glibcxx-compat.py, which explains it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dotnet build -c Release --nologo -v q "$here" >&2
bin=$here/bin/Release/net10.0
if [ -n "${COMPAT:-}" ]; then
  native=$(find "$bin" -name libLibTorchSharp.so | grep linux-x64 || find "$bin" -name libLibTorchSharp.so | head -1)
  python3 "$COMPAT" "$native" >&2
  echo 'extern "C" void _ZSt21ios_base_library_initv() {}' | g++ -x c++ -shared -fPIC -o "$bin/compat.so" -
  export LD_PRELOAD=$bin/compat.so
fi
exec dotnet "$bin/EsimCse.Peers.TorchSharp.dll" "$@"
