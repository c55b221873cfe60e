#!/bin/bash
# Trains on every host of a TPU slice, and starts again where it was cut off: bash cluster/tpu_pod.sh NAME ZONE [OPTIONS]
# OPTIONS are those of `clova pretrain`; the hosts share no disk, so give --remote, and URLs for --data and --tokenizer.
set -eu
name=$1 zone=$2
shift 2
options=$(printf ' %q' "$@")

# JAX finds the other hosts by itself. Status 2 is a mistake that another start would meet again.
gcloud compute tpus tpu-vm ssh "$name" --zone="$zone" --worker=all --command="
  for start in \$(seq 50); do
    clova pretrain$options && exit 0
    status=\$?
    [ \$status -eq 2 ] && exit 2
    sleep 10
  done
  exit \$status"
