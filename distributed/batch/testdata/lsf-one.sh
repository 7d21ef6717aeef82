#!/bin/bash
#BSUB -J "lazynpy-0123456789ab-2[1-1]"
#BSUB -r

exec /usr/bin/lazynpy work --plan '/scratch/runs/it'\''s 7'
