# Sourced by ./run and ./test: says what is missing, installs it, configures and builds.
# Everything here costs almost nothing when there is nothing to do.

build_packages=(g++ cmake ninja-build ccache pkg-config libasio-dev libwebsocketpp-dev nlohmann-json3-dev
    libcjose-dev libssl-dev libsoci-dev libsqlite3-dev libcpprest-dev libboost-dev libspdlog-dev libcli11-dev
    libtoml11-dev libmsgpack-cxx-dev libhiredis-dev prometheus-cpp-dev)
run_packages=(curl ca-certificates)
test_packages=(catch2 clang-14 clang-format-14 clang-tidy-14 mold libclang-rt-14-dev python3 chromium redis-server)
node_major_min=18

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# apt_install WHY PACKAGE...
apt_install() {
    local why="$1"
    shift
    echo "installing with apt, $why: $*"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

install_packages() {
    local missing
    missing="$(comm -23 <(printf '%s\n' "$@" | sort) \
        <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p' | sort))"
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086
        apt_install "needed to build and run Hubtrail" $missing
    fi
}

install_node() {
    local major=0
    if command -v node >/dev/null; then
        major="$(node --version | sed 's/^v\([0-9]*\).*/\1/')"
    fi
    if [ "$major" -lt "$node_major_min" ]; then
        apt_install "Node.js for the sample client" nodejs npm
    elif ! command -v npm >/dev/null; then
        apt_install "npm for the modules of the sample client" npm
    fi
}

# npm ci in the folder, unless what is there is as new as the lock file.
install_modules() {
    local stamp="$1/node_modules/.package-lock.json"
    if [ ! -e "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ]; then
        echo "installing with npm, what $1/package-lock.json names"
        (cd "$1" && npm ci --no-audit --no-fund --loglevel=error)
        touch "$stamp"
    fi
}

# configure PRESET. Once; ninja notices by itself when a CMake file changes.
configure() {
    if [ ! -e "build/$1/build.ninja" ] || [ CMakePresets.json -nt "build/$1/build.ninja" ]; then
        cmake --preset "$1"
        touch "build/$1/build.ninja"
    fi
}

# build PRESET TARGET...
build() {
    local preset="$1"
    shift
    (cd "build/$preset" && ninja -j "$(nproc)" "$@")
}
