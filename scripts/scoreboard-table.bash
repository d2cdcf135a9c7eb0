# shellcheck shell=bash
echo table
for k in "${!results[@]}"; do echo "$k ${results[$k]}"; done | sort
