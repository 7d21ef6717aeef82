#!/usr/bin/env bash
# A Job on a real control plane: Kubernetes built from Go modules, and one node, on this machine.
#
#   internal/kubecheck/run.sh              build, up, check, down
#   internal/kubecheck/run.sh build|up|check|down
#   internal/kubecheck/run.sh kubectl ...  with the credentials of the cluster that is up
#
# It needs Linux, root, Go and Debian; the packages it uses are installed, the programs are kept in
# .cache/kubernetes (the first build takes about 6 minutes of two cores). Everything listens on 127.0.0.1, lives below
# KUBECHECK_ROOT, and is ended by process id. The node runs workers from an image with one static program:
#
#   WORKER   its path; default: a stand-in that only notes its index
#   PLAN     the run directory; default: a new one with a name that wants quoting
#   DRIVER   a command that submits and waits; default: the stand-in's. It finds kubectl in PATH, KUBECONFIG, and the
#            image docker.io/local/lazynpy:test, as in
#
#   WORKER=/tmp/lazynpy PLAN=/data/run DRIVER="lazynpy resume /data/run --engine kubernetes" run.sh
#
# With a DRIVER of its own the check is that it succeeds while workers are killed; what it computes is its own to check.
set -euo pipefail

readonly here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly cache=$(cd "$here/../.." && pwd)/.cache/kubernetes
readonly root=${KUBECHECK_ROOT:-/tmp/lazynpy-kubecheck}
readonly image=docker.io/local/lazynpy:test
readonly pause=registry.k8s.io/pause:3.10
readonly bridge=lazynpy0
readonly programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl)
readonly api=127.0.0.1:16443 etcd=127.0.0.1:12379 peer=127.0.0.1:12380
# The kubelet sets these for the whole machine; they are put back.
readonly settings=(vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys kernel.keys.root_maxbytes)

export KUBECONFIG=$root/kubeconfig
export PATH=$cache/bin:$PATH:/usr/sbin:/sbin

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
die() { say "$*" >&2; exit 1; }

# until_true SECONDS COMMAND... waits until a command succeeds.
until_true() {
	local i seconds=$1
	shift
	for ((i = 0; i < seconds * 5; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	return 1
}

# --- build

packages() {
	command -v etcd containerd ctr runc >/dev/null && [ -x /usr/lib/cni/bridge ] && return
	# A service that a package starts would not be ours to stop.
	local policy=/usr/sbin/policy-rc.d made=
	[ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod 755 $policy; made=1; }
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
		etcd-server containerd runc containernetworking-plugins iproute2
	[ -z "$made" ] || rm $policy
}

build() {
	packages
	mkdir -p "$cache/bin"
	cd "$here"
	export GOWORK=off GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=-buildvcs=false
	local version name
	version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
	for name in "${programs[@]}"; do
		[ "$(cat "$cache/$name.version" 2>/dev/null)" = "$version" ] && continue
		say "building $name $version"
		# Programs refuse to work with each other when they do not know their version.
		nice -n 19 go build -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" \
			-o "$cache/bin/$name" "k8s.io/kubernetes/cmd/$name"
		echo "$version" >"$cache/$name.version"
	done
	go build -o "$cache/bin/standin" ./standin
}

# --- up

# start NAME COMMAND... starts a daemon.
start() {
	local name=$1
	shift
	setsid "$@" >"$root/log/$name" 2>&1 </dev/null &
	echo $! >"$root/run/$name"
}

credentials() {
	local token
	token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	echo "$token,admin,admin,system:masters" >"$root/tokens"
	chmod 600 "$root/tokens"
	openssl genrsa -out "$root/accounts.key" 2048 2>/dev/null
	cat >"$KUBECONFIG" <<-EOF
		apiVersion: v1
		kind: Config
		clusters: [{name: c, cluster: {server: "https://$api", certificate-authority: $root/certs/apiserver.crt}}]
		users: [{name: u, user: {token: $token}}]
		contexts: [{name: kubecheck, context: {cluster: c, user: u}}]
		current-context: kubecheck
	EOF
	chmod 600 "$KUBECONFIG"
}

control_plane() {
	start etcd etcd --data-dir "$root/etcd" --listen-client-urls "http://$etcd" --advertise-client-urls "http://$etcd" \
		--listen-peer-urls "http://$peer" --initial-advertise-peer-urls "http://$peer" --initial-cluster "default=http://$peer"
	start kube-apiserver kube-apiserver --etcd-servers "http://$etcd" --bind-address 127.0.0.1 --secure-port "${api#*:}" \
		--advertise-address 127.0.0.1 --endpoint-reconciler-type none --cert-dir "$root/certs" \
		--token-auth-file "$root/tokens" --authorization-mode RBAC --service-cluster-ip-range 10.96.0.0/24 \
		--service-account-issuer https://kubecheck --service-account-key-file "$root/accounts.key" \
		--service-account-signing-key-file "$root/accounts.key"
	until_true 120 kubectl get --raw /readyz || die "the API server is not ready: see $root/log/kube-apiserver"
	start kube-controller-manager kube-controller-manager --kubeconfig "$KUBECONFIG" --bind-address 127.0.0.1 \
		--leader-elect=false --service-account-private-key-file "$root/accounts.key" --cert-dir "$root/certs"
	start kube-scheduler kube-scheduler --kubeconfig "$KUBECONFIG" --bind-address 127.0.0.1 --leader-elect=false \
		--cert-dir "$root/certs"
}

runtime() {
	mkdir -p "$root/cni"
	# Pods need an address, and no way out.
	cat >"$root/cni/10-pods.conflist" <<-EOF
		{"cniVersion": "0.4.0", "name": "lazynpy-kubecheck", "plugins": [
		  {"type": "bridge", "bridge": "$bridge", "ipam": {"type": "host-local", "dataDir": "$root/cni/leases",
		   "ranges": [[{"subnet": "10.213.77.0/24"}]]}}]}
	EOF
	cat >"$root/containerd.toml" <<-EOF
		version = 2
		root = "$root/containerd"
		state = "$root/containerd-state"
		disabled_plugins = ["io.containerd.internal.v1.opt"]
		[grpc]
		  address = "$root/containerd.sock"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "$pause"
		  disable_apparmor = true
		  # Where this machine is itself a container, runc may not lower the score.
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "/usr/lib/cni"
		    conf_dir = "$root/cni"
		  [plugins."io.containerd.grpc.v1.cri".containerd]
		    snapshotter = "native"
	EOF
	start containerd containerd --config "$root/containerd.toml"
	until_true 30 ctr -a "$root/containerd.sock" version || die "containerd is not ready: see $root/log/containerd"
	import "$pause" "$cache/bin/standin" '["/program", "pause"]'
	import "$image" "${WORKER:-$cache/bin/standin}" '["/program"]'
}

# import NAME PROGRAM ENTRYPOINT makes an image of one static program.
import() {
	local dir digest
	dir=$(mktemp -d "$root/image.XXXX")
	mkdir -p "$dir/rootfs/tmp"
	chmod 1777 "$dir/rootfs/tmp"
	install -m 755 "$2" "$dir/rootfs/program"
	tar -C "$dir/rootfs" --sort=name --owner=0 --group=0 -cf "$dir/layer.tar" .
	digest=$(sha256sum "$dir/layer.tar" | cut -d' ' -f1)
	cat >"$dir/config.json" <<-EOF
		{"architecture": "$(go env GOARCH)", "os": "linux", "config": {"Entrypoint": $3},
		 "rootfs": {"type": "layers", "diff_ids": ["sha256:$digest"]}}
	EOF
	echo "[{\"Config\": \"config.json\", \"RepoTags\": [\"$1\"], \"Layers\": [\"layer.tar\"]}]" >"$dir/manifest.json"
	tar -C "$dir" -cf "$dir/image.tar" manifest.json config.json layer.tar
	ctr -a "$root/containerd.sock" -n k8s.io images import --snapshotter native "$dir/image.tar" >/dev/null
	rm -r "$dir"
}

node() {
	cat >"$root/kubelet.yaml" <<-EOF
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		address: 127.0.0.1
		port: 16250
		healthzBindAddress: 127.0.0.1
		healthzPort: 16248
		readOnlyPort: 0
		authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $root/certs/apiserver.crt}}
		authorization: {mode: AlwaysAllow}
		containerRuntimeEndpoint: unix://$root/containerd.sock
		cgroupDriver: cgroupfs
		makeIPTablesUtilChains: false
		failCgroupV1: false
		failSwapOn: false
		podLogsDir: $root/pods
		volumePluginDir: $root/plugins
		staticPodPath: ""
		resolvConf: ""
		evictionHard: {memory.available: "1Mi", nodefs.available: "0%", imagefs.available: "0%"}
		imageGCHighThresholdPercent: 100
		imageGCLowThresholdPercent: 99
	EOF
	sysctl "${settings[@]}" >"$root/sysctl" 2>/dev/null || true
	start kubelet kubelet --config "$root/kubelet.yaml" --kubeconfig "$KUBECONFIG" --root-dir "$root/kubelet" \
		--cert-dir "$root/kubelet/pki" --hostname-override node
	until_true 120 kubectl wait --for=condition=Ready node/node --timeout=1s ||
		die "the node is not ready: see $root/log/kubelet"
	until_true 60 kubectl get serviceaccount default || die "the controllers do not work: see $root/log/kube-controller-manager"
}

up() {
	[ "$(id -u)" = 0 ] || die "a node needs root"
	[ ! -e "$root" ] || die "$root exists: run.sh down first"
	! pgrep -x kubelet >/dev/null || die "this machine is a node already"
	mkdir -p "$root"/{run,log,certs,kubelet,pods,plugins}
	credentials
	say "starting the control plane"
	control_plane
	say "starting the node"
	runtime
	node
	kubectl get nodes
}

# --- check

# with_argument prints the processes that have an argument.
with_argument() { grep -lzxF -e "$1" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 || true; }

# workers prints the processes in containers that work on a run directory.
workers() {
	local process ours
	ours=$(readlink /proc/self/ns/mnt)
	for process in $(with_argument "$1"); do
		[ "$(readlink "/proc/$process/ns/mnt" || echo "$ours")" = "$ours" ] || echo "$process"
	done
}

# lines counts the lines of a file that may not exist yet.
lines() { [ -e "$1" ] && wc -l <"$1" || echo 0; }

# some_worker DIR succeeds when a worker is at work.
some_worker() { [ -n "$(workers "$1")" ]; }

# kill_worker DIR ends one as a crash would: SIGKILL is taken for want of memory, and not tried again in the round.
kill_worker() {
	until_true 120 kill_one "$1" || die "no worker to kill"
	say "killed a worker"
}

kill_one() {
	local all
	all=$(workers "$1")
	kill -ABRT "${all%%[[:space:]]*}"
}

# delete_pod FLAGS... deletes the running pod that is the oldest, so that its worker has begun.
delete_pod() {
	until_true 120 delete_one "$@" || die "no pod to delete"
	say "deleted a pod $*"
}

delete_one() {
	local pod
	pod=$(kubectl get pods --field-selector status.phase=Running --sort-by=.metadata.creationTimestamp -o name | head -n 1)
	[ -n "$pod" ] && kubectl delete "$pod" --wait=false "$@"
}

# ready JOB succeeds when the control plane knows of a pod that runs.
ready() { [ "$(kubectl get job "$1" -o jsonpath='{.status.ready}')" -gt 0 ]; }

# capture NAME JOB keeps what kubectl says of a Job.
capture() {
	mkdir -p "$root/answers"
	kubectl get job "$2" --ignore-not-found -o json >"$root/answers/$1.json"
}

# new_plan SECONDS makes a run directory for stand-ins.
new_plan() {
	plan=${PLAN:-$root/runs/"it's \$(JOB_COMPLETION_INDEX) \$\$7"}
	rm -rf "$plan"
	mkdir -p "$plan"
	chmod 777 "$plan"
	printf %s "$1" >"$plan/seconds"
}

# flags of the stand-in driver for a run.
flags() { args=(--dir "$plan" --volume "host:$plan" --name "$1" --user 65534:65534); }

check() {
	if [ -n "${DRIVER:-}" ]; then
		plan=${PLAN:?the run directory}
		under_fire bash -c "$DRIVER"
		return
	fi
	check_complete
	check_failed
	check_cancel
	say "all is well"
}

# under_fire COMMAND... kills workers and pods while a driver runs.
under_fire() {
	"$@" &
	local driver=$!
	kill_worker "$plan"
	sleep 3
	kill_worker "$plan"
	sleep 2
	delete_pod --force --grace-period=0
	sleep 8 # until the dead are no longer taken for running
	until_true 120 some_worker "$plan"
	sleep 2
	delete_pod
	wait "$driver" || die "the driver failed"
}

# All workers are done although some die, and a second submission of the same round is the first.
check_complete() {
	new_plan 12
	flags lazynpy-00000000000a
	kubectl delete jobs --all >/dev/null # of an earlier check
	under_fire standin run "${args[@]}" &
	local fire=$! job=lazynpy-00000000000a-1
	until_true 60 kubectl get job $job
	capture created $job
	until_true 60 some_worker "$plan"
	standin run "${args[@]}" >/dev/null # submits nothing, and waits as well
	wait "$fire" || die "the run did not end as it should"
	capture complete $job
	kubectl get job $job
	say "attempts of workers: $(sort -n "$plan/attempts" | tr '\n' ' ')"
	[ "$(sort -nu "$plan/done" | tr '\n' ' ')" = "0 1 2 3 4 5 " ] || die "not all workers are done: $(cat "$plan/done")"
	[ "$(lines "$plan/attempts")" -ge 10 ] || die "fewer attempts than workers and deaths"
	[ "$(lines "$plan/interrupted")" -ge 1 ] || die "no worker was told to end"
	[ "$(stat -c %u:%g "$plan/done")" = 65534:65534 ] || die "files belong to $(stat -c %u:%g "$plan/done")"
}

# A worker that refuses is not started again, and does not end the others.
check_failed() {
	local job=lazynpy-00000000000b-1
	new_plan 6
	touch "$plan/refuse-1"
	flags lazynpy-00000000000b
	standin run "${args[@]}" --workers 4 &
	local driver=$!
	until_true 60 ready $job
	capture running $job
	wait "$driver" || die "the driver failed"
	capture failed $job
	[ "$(sort -nu "$plan/done" | tr '\n' ' ')" = "0 2 3 " ] || die "done: $(cat "$plan/done")"
	[ "$(lines "$plan/attempts")" = 3 ] || die "a worker that refused was started again"
	[ "$(kubectl get job $job -o jsonpath='{.status.failedIndexes}')" = 1 ] || die "worker 1 has not failed"
	# The message of the worker is where people look for it.
	kubectl get pods -l lazynpy/run=lazynpy-00000000000b -o jsonpath='{..terminated.message}' | grep -q 'told to refuse' ||
		die "no message of the worker"
}

# A suspended Job is active, one whose end is decided is idle, and a cancelled one is gone.
check_cancel() {
	local job=lazynpy-00000000000c-1
	new_plan 600
	flags lazynpy-00000000000c
	standin run "${args[@]}" &
	local driver=$!
	until_true 60 some_worker "$plan"
	kubectl patch job $job -p '{"spec": {"suspend": true}}' >/dev/null
	until_true 60 kubectl wait --for=condition=Suspended job/$job --timeout=1s
	capture suspended $job
	kubectl patch job $job -p '{"spec": {"suspend": false}}' >/dev/null
	until_true 60 some_worker "$plan"
	kubectl patch job $job -p '{"spec": {"activeDeadlineSeconds": 1}}' >/dev/null
	until_true 60 kubectl wait --for=condition=FailureTarget job/$job --timeout=1s
	capture failure-target $job
	wait "$driver" || die "the driver failed"
	standin run "${args[@]}" --number 2 &
	driver=$!
	until_true 60 kubectl get job lazynpy-00000000000c-2
	standin cancel "${args[@]}"
	wait "$driver" || die "the driver failed"
	[ -z "$(kubectl get jobs -l lazynpy/run=lazynpy-00000000000c -o name)" ] || die "jobs are left"
	standin cancel "${args[@]}"
}

# --- down

# stop NAME ends a daemon and waits for it.
stop() {
	local pid
	pid=$(cat "$root/run/$1" 2>/dev/null) || return 0
	kill "$pid" 2>/dev/null || true
	until_true 10 gone "$pid" || kill -9 "$pid" 2>/dev/null || true
	rm "$root/run/$1"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

no_pods() { [ -z "$(kubectl get pods -o name)" ]; }

# shims prints the processes that hold containers of our containerd.
shims() {
	local process
	for process in $(with_argument "$root/containerd.sock"); do
		[[ $(readlink "/proc/$process/exe") != *containerd-shim* ]] || echo "$process"
	done
}

down() {
	[ -e "$root" ] || return 0
	say "stopping"
	if [ -e "$root/run/kubelet" ]; then
		timeout 60 kubectl delete jobs,pods --all --force --grace-period=0 --wait=false >/dev/null 2>&1 || true
		until_true 30 no_pods || true
		sleep 2 # the kubelet takes the sandboxes away
	fi
	stop kubelet
	local container shim
	for container in $(timeout 10 ctr -a "$root/containerd.sock" -n k8s.io tasks list -q 2>/dev/null); do
		timeout 10 ctr -a "$root/containerd.sock" -n k8s.io tasks kill -s KILL "$container" 2>/dev/null || true
	done
	sleep 1
	stop containerd
	for shim in $(shims); do kill -9 "$shim" 2>/dev/null || true; done
	stop kube-scheduler
	stop kube-controller-manager
	stop kube-apiserver
	stop etcd
	awk -v root="$root/" 'index($2, root) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do
		umount -l "$(printf %b "$mount")" || true
	done
	ip link delete $bridge 2>/dev/null || true
	[ ! -e "$root/sysctl" ] || sysctl -q -p "$root/sysctl" || true
	find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
	# The kubelet makes these whatever it is told.
	find /var/log/containers -lname "$root/*" -delete 2>/dev/null || true
	rm -f /var/lib/kubelet/device-plugins/kubelet.sock
	rmdir /var/lib/kubelet/device-plugins /var/lib/kubelet /var/log/containers 2>/dev/null || true
	rm -rf "$root"
}

# keep saves the answers of kubectl and, when something failed, the logs.
keep() {
	local status=$?
	rm -rf "$cache/answers" "$cache/log"
	cp -r "$root/answers" "$cache/answers" 2>/dev/null || true
	[ $status = 0 ] || { cp -r "$root/log" "$cache/log" 2>/dev/null && say "the logs are in $cache/log"; } || true
	down
}

case ${1:-all} in
build | up | check | down) "$1" ;;
kubectl) "$@" ;;
all)
	build
	trap keep EXIT
	up
	check
	;;
*) die "want build, up, check, down or kubectl" ;;
esac
