# What ./run and ./test share: checks the machine and installs what is missing. Sourced, not run.
# Every way to fail ends in one sentence that says what to do.

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The build and its cache take about this much.
NEEDED_MIB=4096

check_disk() {
  mkdir -p "$HOME/.cache" || die "cannot write to $HOME/.cache: make it writable, Bazel builds there"
  for directory in . "$HOME/.cache"; do
    free_mib=$(df -Pm "$directory" | awk 'NR == 2 { print $4 }')
    [ "$free_mib" -ge "$NEEDED_MIB" ] ||
      die "only $free_mib MiB are free on the disk of $directory; free at least $NEEDED_MIB MiB and try again"
  done
}

missing_packages() {
  sed 's/#.*//' tools/packages.txt | while read -r package; do
    [ -n "$package" ] || continue
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
      printf '%s ' "$package"
  done
}

install_packages() {
  command -v dpkg-query >/dev/null ||
    die "vigil builds on Debian 12; on another system install the counterparts of tools/packages.txt by hand"
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  say "installing Debian packages: $missing"
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "packages are missing and this is neither root nor is there sudo; as root run: apt-get install $missing"
    as_root=sudo
  fi
  $as_root apt-get update -q ||
    die "apt-get update failed: check the network and /etc/apt/sources.list, then try again"
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q --no-install-recommends $missing ||
    die "installing packages failed (see above): check the network and the disk, then try again"
}

setup() {
  check_disk
  install_packages
}
