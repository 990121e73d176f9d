#!/usr/bin/env bash
# ptxas_log.sh OBJECT COMMAND...: runs the compiler; what ptxas says of registers and stacks goes to OBJECT.ptxas, the
# rest where it belongs.
set -uo pipefail
object=$1
shift
"$@" 2>"$object.messages"
status=$?
said='^ptxas info|bytes stack frame|^ *Function properties for|^ *[0-9]+ bytes '
grep -E "$said" "$object.messages" >"$object.ptxas"
grep -vE "$said" "$object.messages" >&2
rm -f "$object.messages"
exit $status
