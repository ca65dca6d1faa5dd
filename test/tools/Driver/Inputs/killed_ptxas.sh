#!/bin/sh
# Stands in for a ptxas that the machine kills, as for want of memory.
kill -9 $$
