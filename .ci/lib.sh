# What `.ci/run` and `.ci/full` share: running checks and suites of tests, timing them, and adding them up.
# The last line that `finish` prints is "N passed, N failed", and the exit code is 0 only if nothing failed.

passed=0
failed=0
failures=()
durations=()

# Prints the time since "$1" (in $SECONDS) and keeps it for `finish`.
took() {
  local time
  time="$(printf '%d:%02d' $(((SECONDS - $1) / 60)) $(((SECONDS - $1) % 60)))"
  durations+=("$time  $2")
  echo "-- $2: $time min"
}

check() {
  local name="$1" started=$SECONDS
  shift
  echo
  echo "== $name"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    failures+=("FAILED: $name")
    echo "FAILED: $name"
  fi
  took "$started" "$name"
}

# Runs a test command and adds its own last line to the sum.
tests() {
  local report started=$SECONDS
  report="$(mktemp)"
  echo
  echo "== $*"
  "$@" 2>&1 | tee "$report"
  local code=${PIPESTATUS[0]}
  if [[ "$(tail -n 1 "$report")" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    [ "$code" -eq 0 ] || [ "${BASH_REMATCH[2]}" -gt 0 ] || {
      failed=$((failed + 1))
      failures+=("FAILED: $* ended with exit code $code")
    }
  else
    failed=$((failed + 1))
    failures+=("FAILED: $* did not come to its end")
  fi
  mapfile -t -O "${#failures[@]}" failures < <(grep '^FAILED: ' "$report")
  rm -f "$report"
  took "$started" "$*"
}

# Names what failed once more, as it was printed far above.
finish() {
  echo
  echo "Minutes taken:"
  printf '%s\n' "${durations[@]}"
  [ "${#failures[@]}" -eq 0 ] || printf '%s\n' "${failures[@]}"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}
