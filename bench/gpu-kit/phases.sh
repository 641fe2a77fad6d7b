# The phases of run.sh. Each prints a note, writes results to $results and everything else to $logs.
export XDG_CACHE_HOME=$work/cache DOTNET_CLI_TELEMETRY_OPTOUT=1 NO_COLOR=1
export TORCHINDUCTOR_CACHE_DIR=$work/inductor HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=true PYTHONDONTWRITEBYTECODE=1
export ESIMCSE_DATA=$kit/data
[ -d "$kit/data/models" ] || unset ESIMCSE_DATA
if ! command -v icu-config >/dev/null && ! ls /usr/lib/*/libicuuc.so* >/dev/null 2>&1; then
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
fi
text=$kit/text/text.txt
corpus=$(ls "$kit"/text/corpus.txt.br 2>/dev/null || echo "$text")
vocabulary=$kit/text/vocab.txt
models="base mini"
training=bf16
embedding=fp16
torch_device=cuda
suites=(
  -class 'EsimCse.Tests.Operations.*'
  -class 'EsimCse.Tests.Cuda.*'
  -class 'EsimCse.Tests.Training.*'
  -class '*.ReferenceModelTests'
  -class '*.HiddenActivationTests'
  -class '*.DeviceSearchTests'
)
few_suites=(-class '*.KernelAgreementTests' -class '*.AdamWTests' -class '*.ContrastiveTests')
train_steps="500 2500"
batch=64
hash_device=cuda
if [ $dry = yes ]; then
  models=small
  torch_device=cpu
  suites=(-class '*.ScheduleTests')
  few_suites=(-class '*.ScheduleTests')
  train_steps="2 4"
  batch=4
  hash_device=cpu
  corpus=$text
fi
if [ $dry = yes ] && [ -z "${ESIMCSE_CUDA:-}" ] && [ ! -e /dev/nvidiactl ]; then
  device=cpu
  training=fp32
  embedding=fp32
else
  device=cuda
fi

fact() { printf '{"part":"fact","name":"%s","value":%s}\n' "$1" "$(quote "$2")" >> "$results"; }

# Passes on the lines of JSON, and keeps the others for the log.
collect() {
  local line
  while IFS= read -r line; do
    [[ $line == {* ]] && echo "$line" >> "$results"
    echo "$line" >&2
  done
}

# The last line of totals that a test run printed.
totals() { sed 's/\x1b\[[0-9;]*m//g' "$1" | sed -n 's/.*\(Total: .*\)/\1/p' | tail -n 1; }

# The folder of PyTorch's libraries, or nothing.
torch_folder() { "$python" -c 'import torch, os; print(os.path.dirname(torch.__file__))' 2>/dev/null; }

# timed COMMAND...: runs a command and sets elapsed, in milliseconds.
timed() {
  local start status
  start=$(date +%s%N)
  limited "$@" >&2
  status=$?
  elapsed=$((($(date +%s%N) - start) / 1000000))
  return $status
}

# line NAME MODEL SENTENCES MS [FIELDS]: a result of the command line.
line() {
  printf '{"part":"command","who":"ours","name":"%s","model":"%s","sentences":%d,"ms":%d,"least":%d,"most":%d%s}\n' \
    "$1" "$2" "$3" "$4" "$4" "$4" "${5:-}" >> "$results"
}

facts() {
  local card driver versions
  card=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1)
  driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1)
  fact card "${card:-$([ $device = cuda ] && echo SoftCuda || echo CPU)}"
  fact dry "$dry"
  fact driver "${driver:-none}"
  fact date "$(date -u +%Y-%m-%d)"
  fact commit "$(cat "$kit/commit")"
  fact command "$command"
  fact cores "$(nproc)"
  fact system "$(. /etc/os-release && echo "$PRETTY_NAME"), Linux $(uname -r)"
  versions=$("$python" -c 'import importlib.metadata as m
for name in ("torch", "transformers", "sentence-transformers"):
    try: print(name, m.version(name), end="; ")
    except m.PackageNotFoundError: print("no", name, end="; ")' 2>/dev/null)
  fact peers "${versions:-no Python}"
  nvidia-smi > "$logs/nvidia-smi.txt" 2>&1
  echo "${card:-no card}"
}

doctor() {
  limited "$kit/bin/esimcse" doctor > "$logs/doctor.txt" 2>&1 || return
  local name
  for name in nvrtc cublasLt cuda:0; do fact "$name" "$(sed -n "s/^$name *//p" "$logs/doctor.txt")"; done
  grep -m 1 '^cuda ' "$logs/doctor.txt"
}

# Models of random weights, as one step of training leaves them.
models() {
  local model status=0
  for model in $models; do
    limited "$kit/bin/esimcse" train --from-scratch "$kit/text/$model.json" --vocabulary "$kit/text" \
      --data "$text" --output "$work/$model" --max-steps 1 --batch-size 4 --device $device >&2 || status=$?
    rm -rf "$work/$model/checkpoints"
  done
  echo "$models"
  return $status
}

# The first use of the engine compiles its kernels, the second one finds them on disk.
first() {
  local model=${models##* } name
  head -n 20 "$text" > "$work/few.txt"
  for name in "first use" "second use"; do
    timed "$kit/bin/esimcse" embed "$work/$model" "$work/few.txt" --output "$work/few.npy" --device $device || return
    line "$name" "$model" 20 $elapsed
    echo -n "$name $elapsed ms; "
  done
}

tests() {
  limited "$kit/bin/EsimCse.Tests" "${suites[@]}" > "$logs/tests.txt" 2>&1
  local status=$?
  totals "$logs/tests.txt"
  return $status
}

# Hashes of what training and embedding give: another version of the engine must give the same on this device.
fingerprints() {
  limited "$kit/fingerprint.sh" "$kit/bin/esimcse" $hash_device "$work/fingerprints" > "$logs/hashes.txt"
  local status=$?
  echo "$(wc -l < "$logs/hashes.txt") files, sha256 $(sha256sum "$logs/hashes.txt" | cut -c 1-16)"
  return $status
}

# sanitize CHECK: runs the kernels' tests under compute-sanitizer.
sanitize() {
  local tool status
  tool=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
  if [ -z "$tool" ]; then
    echo "no compute-sanitizer"
    return 77
  fi
  limited "$tool" --tool "$1" --error-exitcode 9 --target-processes all "$kit/bin/EsimCse.Tests" "${few_suites[@]}" \
    > "$logs/$1.txt" 2>&1
  status=$?
  echo "$(grep -m 1 'SUMMARY\|Device not supported' "$logs/$1.txt") $(totals "$logs/$1.txt")"
  return $status
}

memcheck() { sanitize memcheck; }

racecheck() { sanitize racecheck; }

# torch_peer ARGUMENTS...: runs the PyTorch peer.
torch_peer() {
  if [ -z "$(torch_folder)" ]; then
    echo "no Python with torch"
    return 77
  fi
  limited "$python" "$kit/pytorch/peer.py" "$@" | collect
}

# Fills the cache of torch.compile, so that the timed run finds it.
compile() { torch_peer compile $torch_device $models; }

# Compares vectors of every precision with those of PyTorch.
check() {
  local model precision status=0 precisions="fp32 bf16 fp16"
  [ $device = cuda ] || precisions=fp32
  head -n 2000 "$text" > "$work/check.txt"
  for model in $models; do
    for precision in $precisions; do
      limited "$kit/bin/esimcse" embed "$work/$model" "$work/check.txt" --pooler avg --max-length 128 \
        --normalize false --output "$work/$precision.npy" --device $device --precision $precision >&2 || return
    done
    torch_peer check $torch_device "$model=$work/$model" "$work/check.txt" "$vocabulary" \
      $(printf "$work/%s.npy " $precisions) || status=$?
  done
  return $status
}

# bench PART PRECISION MODEL: a part of the benchmark.
bench() { limited "$kit/bin/EsimCse.Bench" kit "$1" $device "$2" "$3" | collect; }

# bench_all PART PRECISION:MODEL...
bench_all() {
  local part=$1 status=0 entry
  shift
  [ $dry = yes ] && set -- "${1%:*}:small"
  for entry in "$@"; do bench "$part" "${entry%:*}" "${entry#*:}" || status=$?; done
  return $status
}

ceilings() { bench_all ceilings $training:base $embedding:base fp32:base; }

steps() { bench_all steps $training:base $training:mini fp32:base; }

embedding() { bench_all embedding $embedding:base $embedding:mini bf16:base fp32:base; }

operations() { bench_all operations $training:base $embedding:base $training:mini $embedding:mini; }

torch_steps() { torch_peer train $torch_device $models; }

torch_embedding() { torch_peer embed $torch_device $models; }

# esimcse embed of the corpus, and esimcse train with two numbers of steps, whose difference gives the time of a step
# with its share of evaluations and checkpoints.
command_line() {
  local model bytes width count
  for model in $models; do
    timed "$kit/bin/esimcse" embed "$work/$model" "$corpus" --pooler avg --max-length 128 --device $device \
      --output "$work/corpus.npy" || return
    bytes=$(stat -c %s "$work/corpus.npy")
    width=$(sed -n 's/.*"hidden_size": *\([0-9]*\).*/\1/p' "$kit/text/$model.json")
    line "esimcse embed" "$model" $(((bytes - 128) / 4 / width)) $elapsed
    rm "$work/corpus.npy"
  done
  model=${models%% *}
  for count in $train_steps; do
    timed "$kit/bin/esimcse" train "$work/$model" --data "$corpus" --eval-data "$kit/text" --max-steps "$count" \
      --batch-size $batch --output "$work/run" --overwrite --device $device || return
    line "esimcse train" "$model" $((batch * count)) $elapsed ",\"steps\":$count"
  done
}

# TorchSharp on the libtorch of PyTorch, or of TORCH_LIB.
torchsharp() {
  local folder=${TORCH_LIB:-} model status=0
  [ -n "$folder" ] || folder=$(torch_folder)/lib
  if [ ! -d "$folder" ]; then
    echo "no libtorch"
    return 77
  fi
  for model in $models; do
    TORCH_LIB=$folder LD_LIBRARY_PATH=$folder:${LD_LIBRARY_PATH:-} limited \
      "$kit/torchsharp/EsimCse.Peers.TorchSharp.Gpu" $torch_device "$model" fp32 tf32 bf16 | collect || status=$?
  done
  return $status
}

text() {
  local model status=0
  for model in $models; do
    torch_peer text $torch_device "$model=$work/$model" "$text" "$vocabulary" || status=$?
  done
  return $status
}

# profile PART PRECISION FIRST-KERNEL LAUNCHES: the kernels of one step or batch, one after the other.
profile() {
  limited "$ncu" --clock-control none --metrics gpu__time_duration.sum,dram__bytes.sum --csv --kill yes \
    --log-file "$logs/ncu-$1.csv" --launch-count "$4" "$kit/bin/EsimCse.Bench" kit "$1" $device "$2" base >&2
  "$python" "$kit/kernels.py" "$logs/ncu-$1.csv" "$1" "$3" | collect
}

kernels() {
  ncu=$(type -P ncu || ls /usr/local/cuda*/bin/ncu /opt/nvidia/nsight-compute/*/ncu 2>/dev/null | head -n 1)
  if [ -z "$ncu" ]; then
    echo "no ncu"
    return 77
  fi
  profile steps $training schedule_step 1500 && profile embedding $embedding embedding_forward 700
}
