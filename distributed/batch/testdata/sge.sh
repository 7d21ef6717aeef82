#!/bin/bash
#$ -N lazynpy-0123456789ab-2
#$ -S /bin/bash
#$ -j y
#$ -r y
#$ -t 1-12
#$ -q short
#$ -l h_rt=01:31:00
#$ -pe smp 8

exec /usr/bin/lazynpy work --plan '/scratch/runs/it'\''s 7'
