#!/bin/sh
# bundle.sh FOLDER: compiles the programs of this folder for i386 and for MIPS64, for run.sh on the machine.
here=$(dirname "$0")
mkdir -p "$1" || exit 1
for source in "$here"/*.c; do
  name=$(basename "$source" .c)
  cp "$source" "$1" || exit 1
  i686-linux-gnu-gcc -O1 -w -static -o "$1/$name.i386" "$source" || exit 1
  mips64el-linux-gnuabi64-gcc -O1 -w -static -o "$1/$name.native" "$source" || exit 1
done
cp "$here/run.sh" "$1"
