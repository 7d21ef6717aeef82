#!/bin/bash
#PBS -N lazynpy-0123456789ab-2
#PBS -S /bin/bash
#PBS -j oe
#PBS -r y

export PBS_ARRAY_INDEX=0
exec /usr/bin/lazynpy work --plan '/scratch/runs/it'\''s 7'
