# Restore, format check, build, test: what CI runs. -Gpu and -Bench come with the CUDA engine and the benchmarks.
param([switch] $Gpu, [switch] $Bench)
$ErrorActionPreference = 'Stop'
function Invoke-Checked { & dotnet @args; if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE } }
if ($Gpu) { throw 'This version runs on the CPU: there is nothing to test on a GPU yet.' }
if ($Bench) { throw 'bench/README.md says what will stand there; bench/training-curves.sh is what there is.' }
Invoke-Checked restore EsimCseNative.sln
Invoke-Checked format EsimCseNative.sln --verify-no-changes --no-restore
Invoke-Checked build EsimCseNative.sln -c Release --no-restore
Invoke-Checked test -c Release --no-build
