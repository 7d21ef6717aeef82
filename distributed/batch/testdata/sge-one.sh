#!/bin/bash
#$ -N lazynpy-0123456789ab-2
#$ -S /bin/bash
#$ -j y
#$ -r y
#$ -t 1-1

exec /usr/bin/lazynpy work --plan '/scratch/runs/it'\''s 7'
