#!/bin/bash
#PBS -N lazynpy-0123456789ab-2
#PBS -S /bin/bash
#PBS -j oe
#PBS -r y
#PBS -J 0-11
#PBS -q short
#PBS -l walltime=01:31:00
#PBS -l select=1:ncpus=8:mem=16gb
#PBS -P em

exec /usr/bin/lazynpy work --plan '/scratch/runs/it'\''s 7'
