#!/usr/bin/env bash
# Builds this peer and trains the recorded runs.
# usage: run.sh DATA CONDITION STEPS SEED... > runs.jsonl
# In the environment: the variables that Program.cs names.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
preload=$("$here/prepare.sh")
LD_PRELOAD=$preload exec dotnet "$here/bin/Release/net10.0/EsimCse.Peers.TorchSharp.dll" "$@"
