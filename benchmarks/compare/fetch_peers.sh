#!/bin/sh
# Unpacks the newest Debian builds of other systems below a directory, to compare vigil with them: Prometheus, its
# promtool and VictoriaMetrics, or the packages that are named.
# Nothing is installed, and apt's configuration stays as it is.
#
#   fetch_peers.sh DIRECTORY [PACKAGE...]
set -eu

if [ $# -lt 1 ]; then
    echo "usage: $0 DIRECTORY [PACKAGE...]" >&2
    exit 2
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- prometheus promtool victoria-metrics

archive=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
if [ -z "$archive" ]; then
    echo "apt knows no Debian archive: run apt-get update" >&2
    exit 1
fi
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
mkdir -p "$own/lists/partial" "$own/cache/archives/partial" "$own/parts"
echo "deb $archive ${SUITE:-sid} main" > "$own/sources.list"
cat > "$own/apt.conf" <<END
Dir::State::lists "$own/lists";
Dir::Cache "$own/cache";
Dir::Etc::sourcelist "$own/sources.list";
Dir::Etc::sourceparts "$own/parts";
Acquire::Languages "none";
APT::Sandbox::User "root";
END
export APT_CONFIG="$own/apt.conf"
apt-get update -q >&2
(cd "$own" && apt-get download -q "$@" >&2)
for package in "$own"/*.deb; do
    dpkg-deb -x "$package" "$dir"
done
ls "$dir/usr/bin"
