# shellcheck shell=bash
# A registry on loopback and images to put into it, for quickstart.sh and bench.sh; sourced after lib.sh. Needs docker-registry, curl, busybox-static.

# curl as the registry on this machine is asked: a proxy of the environment is for other hosts.
local_curl() { curl --noproxy '*' "$@"; }

registry_pid=
# shellcheck disable=SC2034 # used by the scripts that source this file
registry_address=

# start_registry DIRECTORY: serves the images of a directory on a free port of 127.0.0.1 and waits until it answers.
start_registry() {
  local directory=$1 port
  mkdir -p "$directory"
  for port in $(seq 5000 5020); do
    # Somebody else's registry (the Debian package starts one where there is systemd) is not ours to use.
    ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue
    cat >"$directory/config.yml" <<YML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $directory/data}}
http: {addr: "127.0.0.1:$port"}
YML
    docker-registry serve "$directory/config.yml" >"$directory/log" 2>&1 </dev/null &
    registry_pid=$!
    for _ in $(seq 100); do
      kill -0 "$registry_pid" 2>/dev/null || continue 2 # that port is not to be had
      if local_curl -fs -o /dev/null "http://127.0.0.1:$port/v2/"; then
        registry_address=127.0.0.1:$port
        return 0
      fi
      sleep 0.1
    done
    stop_registry
    break # it runs and does not answer: another port would not help
  done
  cat "$directory/log" >&2
  die "no registry could be started on 127.0.0.1 (tried the ports 5000 to $port)"
}

stop_registry() {
  [ -z "$registry_pid" ] || { kill "$registry_pid" 2>/dev/null && wait "$registry_pid" 2>/dev/null; } || true
  registry_pid=
}

# push_blob REPOSITORY FILE: uploads a file by the two calls of the OCI distribution specification; prints "sha256:HEX SIZE".
push_blob() {
  local digest location
  digest=sha256:$(sha256sum "$2" | cut -d' ' -f1)
  location=$(local_curl -fsS -X POST -o /dev/null -D - "http://$registry_address/v2/$1/blobs/uploads/" | tr -d '\r' | awk 'tolower($1) == "location:" { print $2 }')
  case $location in
    http*) ;;
    *) location=http://$registry_address$location ;;
  esac
  case $location in *\?*) location+="&digest=$digest" ;; *) location+="?digest=$digest" ;; esac
  local_curl -fsS -X PUT -o /dev/null -H 'Content-Type: application/octet-stream' -T "$2" "$location"
  echo "$digest $(stat -c %s "$2")"
}

# push_image REPOSITORY TAG COMPRESSION LAYER.tar...: makes an OCI image of plain tar files, compressed by gzip or zstd, and pushes it.
push_image() {
  local repository=$1 tag=$2 compression=$3 work layers='' diffs='' tar packed line arch
  shift 3
  work=$(mktemp -d)
  for tar in "$@"; do
    packed=$work/layer
    case $compression in
      gzip) if command -v pigz >/dev/null; then pigz -6 -n -c "$tar"; else gzip -6 -n -c "$tar"; fi >"$packed" ;;
      zstd) zstd -q -3 -T0 -c "$tar" >"$packed" ;;
    esac
    line=$(push_blob "$repository" "$packed")
    layers+="${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+$compression\",\"digest\":\"${line% *}\",\"size\":${line#* }}"
    diffs+="${diffs:+,}\"sha256:$(sha256sum "$tar" | cut -d' ' -f1)\""
  done
  case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
  printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"],"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
    "$arch" "$diffs" >"$work/config"
  line=$(push_blob "$repository" "$work/config")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[%s]}' \
    "${line% *}" "${line#* }" "$layers" >"$work/manifest"
  local_curl -fsS -X PUT -o /dev/null -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' -T "$work/manifest" \
    "http://$registry_address/v2/$repository/manifests/$tag"
  rm -rf "$work"
}

# busybox_tar FILE: a root file system of Debian's static busybox.
busybox_tar() {
  local tree applet
  tree=$(mktemp -d)
  mkdir -p "$tree"/{bin,etc,root,var} && mkdir -m 1777 "$tree/tmp"
  cp /bin/busybox "$tree/bin/busybox"
  for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$tree/bin/$applet"; done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
  echo 'root:x:0:' >"$tree/etc/group"
  chmod 755 "$tree"
  tar --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 -C "$tree" -cf "$1" .
  rm -rf "$tree"
}
