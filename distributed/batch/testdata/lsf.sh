#!/bin/bash
#BSUB -J "lazynpy-0123456789ab-2[1-12]"
#BSUB -r
#BSUB -q short
#BSUB -W 1:31
#BSUB -n 8
#BSUB -R "span[hosts=1]"

exec /usr/bin/lazynpy work --plan '/scratch/runs/it'\''s 7'
