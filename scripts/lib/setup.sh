# What scripts/run, scripts/worker and scripts/test need: Swift, a few libraries, a build. To be sourced, not run.
# Everything here reports on standard error, and says little where nothing is to be done.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=$root/.build/release/minishard
oldest_swift=6.2
# How programs are built in release mode. With Swift's libraries in it a program starts in half the time, and runs where Swift is not installed; only Linux has them
# in that form.
release=(-c release)
[[ $(uname) == Linux ]] && release+=(--static-swift-stdlib)

say() { printf '%s\n' "scripts/${0##*/}: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

# Ends with a sentence unless there is a Swift that is new enough.
require_swift() {
    local answer version
    if ! command -v swift >/dev/null; then
        fail "Swift is not in PATH. Install Swift $oldest_swift or later from https://www.swift.org/install, and open a new shell."
    fi
    answer=$(swift --version 2>&1) || fail "'swift --version' fails; install Swift with the packages it needs as https://www.swift.org/install says. It says: $answer"
    version=$(sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)*).*/\1/p' <<<"$answer" | head -n 1)
    if [[ $(printf '%s\n' "$oldest_swift" "$version" | sort -V | head -n 1) != "$oldest_swift" ]]; then
        fail "Swift $oldest_swift or later is needed, and this is '${version:-$answer}'. Get it from https://www.swift.org/install."
    fi
}

# Whether a Debian package is there; its name may be a pattern.
is_installed() { dpkg-query --show --showformat '${db:Status-Status}\n' "$1" 2>/dev/null | grep -x installed >/dev/null; }

# Whether a library is there with its headers: from a Debian package, or by other means.
has_library() { is_installed "$1" || { command -v pkg-config >/dev/null && pkg-config --exists "$2"; }; }

# Prints the Debian packages that are missing of those that the build needs.
missing_debian_packages() {
    has_library libzmq3-dev libzmq || echo libzmq3-dev
    has_library libisal-dev libisal || echo libisal-dev
    has_library zlib1g-dev zlib || echo zlib1g-dev
    has_library libssl-dev libcrypto || echo libssl-dev
    has_library libxxhash-dev libxxhash || echo libxxhash-dev
    command -v pkg-config >/dev/null || echo pkg-config
    command -v curl >/dev/null || echo curl ca-certificates
    command -v git >/dev/null || echo git ca-certificates
    # Swift links with the C++ library, and that package depends on the C library's.
    command -v c++ >/dev/null || is_installed 'libstdc++-*-dev' || echo g++
}

# Prints the Homebrew packages that are missing of those that the build needs.
missing_brew_packages() {
    local package
    for package in zeromq openssl@3 xxhash isa-l; do brew list --versions "$package" >/dev/null || echo "$package"; done
    command -v pkg-config >/dev/null || echo pkg-config
}

# Runs a command, as root if it can; shows what it printed only if it fails.
quietly_as_root() {
    local prefix=() output
    if [[ $EUID -ne 0 ]]; then
        command -v sudo >/dev/null || { say "Neither root nor sudo: '$*' cannot be run."; return 1; }
        prefix=(sudo)
    fi
    output=$("${prefix[@]}" "$@" 2>&1) || { printf '%s\n' "$output" >&2; return 1; }
}

# Installs Debian packages; returns 1 if that is not possible.
install_debian_packages() {
    command -v apt-get >/dev/null || { say "There is no apt-get here to install $* with."; return 1; }
    say "installing $* with apt-get"
    quietly_as_root apt-get update -q || return 1
    quietly_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# Installs what the build needs and this machine lacks.
require_libraries() {
    local missing
    if [[ $(uname) == Darwin ]]; then
        command -v brew >/dev/null || fail "Homebrew is needed to install zeromq, openssl@3, xxhash and pkg-config: get it from https://brew.sh."
        read -r -d '' -a missing < <(missing_brew_packages) || true
        [[ ${#missing[@]} -eq 0 ]] && return
        say "installing ${missing[*]} with Homebrew"
        brew install --quiet "${missing[@]}" >&2 || fail "Homebrew could not install ${missing[*]}; see above."
    else
        read -r -d '' -a missing < <(missing_debian_packages) || true
        [[ ${#missing[@]} -eq 0 ]] && return
        install_debian_packages "${missing[@]}" ||
            fail "Please install ${missing[*]} (the names are Debian's and Ubuntu's) by hand, and try again."
    fi
}

# Builds the program in release mode at $binary.
build_release() {
    local hint=
    [[ -d $root/.build/checkouts ]] || hint=" The first build fetches three Swift packages from github.com."
    swift build --package-path "$root" "${release[@]}" --product minishard >&2 || fail "The build failed; see above.$hint"
}

# Everything up to a release build at $binary.
set_up() {
    require_swift
    require_libraries
    build_release
}

# Prints the number of cores.
core_count() { nproc 2>/dev/null || sysctl -n hw.logicalcpu; }
