# Runs the exercise on the machine's ERST device, which `erst_disable` keeps the kernel from touching.
# shellcheck shell=dash
/erst-exercise device >/out/said 2>&1 || echo "exit status $?" >>/out/said
