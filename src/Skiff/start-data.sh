#!/bin/sh
# start-data.sh NM OBJECT SCRIPT: writes a script of the linker that names the places in the compiled program's data to which a start writes, for runtime-start.c. The compiler lays data down by kind, so the first symbol of a
# kind, and the first of what follows, are where they begin and end. Skiff.csproj calls this before it links.
set -eu
"$1" -n "$2" | awk '
  BEGIN { first["__FrozenObj_"] = "skiff_objects"; first["__GenericDict_"] = "skiff_objects_end"; first["__NONGCSTATICS"] = "skiff_statics"; first["__ehinfo_"] = "skiff_statics_end" }
  $2 == "D" {
    for (kind in first) {
      if (index($3, kind) == 1) {
        printf "%s = \"%s\";\n", first[kind], $3
        delete first[kind]
        found++
      }
    }
  }
  END {
    if (found != 4) {
      print "start-data.sh: the compiler has other names for its data now" >"/dev/stderr"
      exit 1
    }
  }
' >"$3"
