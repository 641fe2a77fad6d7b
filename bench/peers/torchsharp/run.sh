#!/usr/bin/env bash
# Builds this peer and runs it.
# usage: run.sh DATA CONDITION STEPS SEED... > runs.jsonl
# In the environment: the variables that Program.cs names, and COMPAT, the path of torchsharp-glibcxx-compat.py, for
# systems whose libstdc++ is older than the one that TorchSharp's native library needs.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dotnet build -c Release --nologo -v q "$here" >&2
bin=$here/bin/Release/net10.0
# MKL takes slower kernels on processors that are not Intel's, at half the speed on a Zen 5, unless these say otherwise.
cat > "$bin/preload.cpp" <<'END'
extern "C" int mkl_serv_intel_cpu() { return 1; }
extern "C" int mkl_serv_intel_cpu_true() { return 1; }
END
if [ -n "${COMPAT:-}" ]; then
  native=$(find "$bin" -name libLibTorchSharp.so | grep linux-x64 || find "$bin" -name libLibTorchSharp.so | head -1)
  python3 "$COMPAT" "$native" >&2
  echo 'extern "C" void _ZSt21ios_base_library_initv() {}' >> "$bin/preload.cpp"
fi
g++ -shared -fPIC -o "$bin/preload.so" "$bin/preload.cpp"
LD_PRELOAD=$bin/preload.so exec dotnet "$bin/EsimCse.Peers.TorchSharp.dll" "$@"
