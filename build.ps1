# Runs the commands that CI runs: restore, format check, build, every test.
# -Gpu runs the tests on the machine's CUDA device in place of the software one.
# -Bench times training, embedding and the operations on this machine.
param([switch] $Gpu, [switch] $Bench)
$ErrorActionPreference = 'Stop'

function Invoke-Checked {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

Invoke-Checked build EsimCseNative.sln -c Release
Invoke-Checked format EsimCseNative.sln --verify-no-changes --no-restore
if ($Gpu) {
    Invoke-Checked run -c Release --project src/EsimCse.Cli -- doctor
    Invoke-Checked test -c Release --no-build -p:Exhaustive=true
}
elseif ($Bench) {
    Invoke-Checked run -c Release --project bench/EsimCse.Bench
}
else {
    Invoke-Checked run -c Release --project src/EsimCse.Cli -- demo
    Invoke-Checked test -c Release --no-build -p:Exhaustive=true
}
