#!/usr/bin/env bash
# Builds this peer and runs it: run.sh DATA CONDITION STEPS SEED... > runs.jsonl     what the environment may say stands in Program.cs
# TorchSharp's native library asks for a newer libstdc++ than some systems have: COMPAT names torchsharp-glibcxx-compat.py, which explains it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dotnet build -c Release --nologo -v q "$here" >&2
bin=$here/bin/Release/net10.0
# MKL takes slower kernels on processors of other makers than Intel's unless it is told otherwise: half the speed on a Zen 5. The peer shall have its best.
echo 'extern "C" int mkl_serv_intel_cpu() { return 1; } extern "C" int mkl_serv_intel_cpu_true() { return 1; }' > "$bin/preload.cpp"
if [ -n "${COMPAT:-}" ]; then
  native=$(find "$bin" -name libLibTorchSharp.so | grep linux-x64 || find "$bin" -name libLibTorchSharp.so | head -1)
  python3 "$COMPAT" "$native" >&2
  echo 'extern "C" void _ZSt21ios_base_library_initv() {}' >> "$bin/preload.cpp"
fi
g++ -shared -fPIC -o "$bin/preload.so" "$bin/preload.cpp"
LD_PRELOAD=$bin/preload.so exec dotnet "$bin/EsimCse.Peers.TorchSharp.dll" "$@"
