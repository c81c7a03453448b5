#!/usr/bin/env bash
# A Slurm of one node, started here and ended again, runs a validation of the digits as a job array: one task is killed in the
# middle and queued again, the dependent job merges, and the result is compared with the undivided one byte for byte.
# Needs `npm run build` and the packages slurm-wlm and munge; without them it says so and ends with 77.
set -euo pipefail
cd "$(dirname "$0")/../.."

for program in slurmctld slurmd sbatch squeue scontrol munged; do
  if ! PATH="$PATH:/usr/sbin" command -v "$program" > /dev/null; then
    echo "SKIPPED: $program is not installed (Debian: apt-get install slurm-wlm munge)"
    exit 77
  fi
done
export PATH="$PATH:/usr/sbin"

scratch=$(mktemp -d)
pids=()
end() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  rm -rf "$scratch"
}
trap end EXIT
fault() {
  echo "FAILED: $1" >&2
  tail -n 20 "$scratch"/*.log "$scratch"/shards/logs/* >&2 2> /dev/null || true
  exit 1
}
# Until a command succeeds, for so many tenths of a second.
await() {
  local tries=$1
  shift
  until "$@" > /dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then return 1; fi
    sleep 0.1
  done
}

# A munge and a Slurm of our own: sockets, keys, states and logs all lie in one folder.
mkdir -p "$scratch"/{state,spool}
head -c 1024 /dev/urandom > "$scratch/munge.key"
chmod 600 "$scratch/munge.key"
munged --foreground --force --key-file="$scratch/munge.key" --socket="$scratch/munge.socket" \
  --pid-file="$scratch/munged.pid" --seed-file="$scratch/munge.seed" --log-file="$scratch/munged.log" 2> /dev/null &
pids+=($!)
await 50 test -S "$scratch/munge.socket" || fault 'munged does not start'

host=$(hostname -s)
user=$(id -un)
port=$((20000 + $$ % 20000))
# A task that is queued again waits until its credential has expired, two minutes by default.
cat > "$scratch/slurm.conf" <<CONF
ClusterName=snnc
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$scratch/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser=$user
SlurmdUser=$user
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd.pid
SlurmctldLogFile=$scratch/slurmctld.log
SlurmdLogFile=$scratch/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,batch_sched_delay=0,sched_min_interval=100000,bf_interval=2
ReturnToService=2
MpiDefault=none
KillWait=1
CompleteWait=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$scratch/slurm.conf"
slurmctld -D -i -f "$SLURM_CONF" 2> /dev/null &
pids+=($!)
slurmd -D -f "$SLURM_CONF" 2> /dev/null &
pids+=($!)
await 200 bash -c 'sinfo --noheader --format=%T | grep -q idle' || fault 'Slurm does not start'
echo "Slurm is up after $SECONDS s"

snnc=(node bin/snnc.js)
deployment="$scratch/digits.snnc"
data=examples/digits/digits-test.npz
shards="$scratch/shards"
work=("$deployment" --data "$data" --identity 60)
"${snnc[@]}" compile examples/digits/vit-digits.onnx --calibrate examples/digits/digits-calib.npz \
  --mode pipelined --shift 3 --effort fast --no-compare --no-bias-correction --simulate 0 \
  --out "$deployment" --quiet > /dev/null
"${snnc[@]}" validate "${work[@]}" --json > "$scratch/whole.json"
cp "$deployment/validation.json" "$scratch/whole-validation.json"
rm "$deployment/validation.json"
echo "compiled and validated whole after $SECONDS s"

"${snnc[@]}" submit validate "${work[@]}" --count 4 --engine slurm --workers 2 --out "$shards" --json > "$scratch/submitted.json"
array=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).array' "$scratch/submitted.json")
merge=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).merge' "$scratch/submitted.json")
echo "array $array, merge $merge"

await 300 grep -q 'shard 0 of 4: images' "$shards/logs/${array}_0.log" || fault 'task 0 never ran'
scontrol requeue "${array}_0"
if compgen -G "$shards/*-0000-of-0004.shard" > /dev/null; then fault 'task 0 had ended before it was killed'; fi
echo "task 0 killed and queued again after $SECONDS s"

await 600 test -s "$shards/result.json" || fault 'no result was merged'
await 100 bash -c "! squeue --noheader --job $merge 2> /dev/null | grep -q ."
scontrol show job "${array}_0" | grep -q 'Restarts=1' || fault 'task 0 was not started again'
"${snnc[@]}" status "$shards"
cmp "$shards/result.json" "$scratch/whole.json" || fault 'the merged result differs'
cmp "$deployment/validation.json" "$scratch/whole-validation.json" || fault 'validation.json differs'
echo "merged result equal byte for byte, after $SECONDS s"
