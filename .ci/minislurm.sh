#!/bin/bash
# minislurm.sh: a real Slurm cluster of a few nodes on one Linux machine, for tests. Needs root.
#
#   minislurm.sh up              start the controller and the nodes n1, n2, ...; ends what an earlier one left
#   minislurm.sh down            end everything, and leave nothing but MINISLURM_ROOT's out and log directories
#   minislurm.sh kill-node N     power loss: slurmd, slurmstepd and all tasks of the node die at once
#   minislurm.sh start-node N    start it again
#   minislurm.sh partition N     cut the link: tasks keep running, the controller no longer sees them
#   minislurm.sh heal N          mend the link; Slurm notices within half a minute
#   minislurm.sh kill-slurmd N   only the daemon dies, tasks go on
#   minislurm.sh restart-slurmd N
#   minislurm.sh kill-ctld       kill -9 of the controller; what it has not saved, up to 5 s of it, is lost
#   minislurm.sh start-ctld      start it again, with the state that it has saved
#   minislurm.sh resume-nodes    back to work with nodes that are drained or down
#   minislurm.sh env             what to eval before sbatch, squeue and scancel
#
# MINISLURM_ROOT (default $TMPDIR/minislurm), MINISLURM_NODES (4) and MINISLURM_CPUS (2, of each node) describe the
# cluster; different roots are different clusters, which may run at the same time.
#
# Every node has its own network, UTS and PID namespace. The controller and the bridge between the nodes are in a
# network namespace too, which a veth pair joins to the machine: nothing listens on an address of the machine, and
# the machine's firewall does not see what nodes say to each other. Authentication is a munged of the cluster's own.
set -euo pipefail

die() { echo "minislurm: $*" >&2; exit 1; }

ROOT=${MINISLURM_ROOT:-${TMPDIR:-/tmp}/minislurm}
NODES=${MINISLURM_NODES:-4}
CPUS=${MINISLURM_CPUS:-2}
[[ $ROOT = /* && $ROOT != *[!A-Za-z0-9/._-]* ]] || die "MINISLURM_ROOT is '$ROOT', but must be an absolute path of plain characters"
[[ ${#ROOT} -le 80 ]] || die "MINISLURM_ROOT has ${#ROOT} characters; socket names allow for 80"
[[ $NODES =~ ^[1-9][0-9]?$ ]] || die "MINISLURM_NODES is '$NODES', but must be 1 to 99"
[[ $CPUS =~ ^[1-9][0-9]?$ ]] || die "MINISLURM_CPUS is '$CPUS', but must be 1 to 99"
export SLURM_CONF=$ROOT/slurm.conf
[[ ${1:-} != env ]] || { echo "export SLURM_CONF=$SLURM_CONF"; exit; }

need() {
	[[ $(id -u) = 0 ]] || die "must be run by root: it makes network namespaces"
	local c
	for c in ip nsenter unshare setsid cksum awk; do
		command -v $c >/dev/null || die "$c is missing: apt-get install -y --no-install-recommends iproute2 util-linux coreutils mawk"
	done
	for c in slurmctld slurmd sbatch sinfo scontrol munged; do
		command -v $c >/dev/null || die "$c is missing: apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge"
	done
}

need
ID=$(printf %s "$ROOT" | cksum | awk '{printf "%06x", $1 % 16777216}')
NS=minislurm-$ID # network namespaces: $NS-ctl, $NS-n1, ...
LINK=ms$ID       # the machine's end of the veth pair

# free_net prints the first three numbers of an unused network. It begins at a place that depends on the root, so that
# two clusters that start at the same time do not choose the same one.
free_net() {
	local used i n
	used=$(ip -o -4 addr show; ip -4 route show)
	for i in $(seq 0 249); do
		n=10.77.$(((16#$ID + i) % 250 + 1))
		[[ $used = *" $n."* || $used = "$n."* || $used = *$'\n'"$n."* ]] || { echo "$n"; return; }
	done
	die "all networks of 10.77.0.0/16 are in use"
}

conf() { # conf NET: write slurm.conf
	local i
	{
		cat <<-C
		ClusterName=mini
		SlurmctldHost=ctl($1.1)
		SlurmctldPort=16817
		SlurmdPort=16818
		AuthType=auth/munge
		# A credential lives for 5 s instead of 120, because a job that is requeued waits for as long.
		AuthInfo=socket=$ROOT/run/munge.socket,cred_expire=5
		SlurmUser=root
		SlurmdUser=root
		StateSaveLocation=$ROOT/state
		SlurmdSpoolDir=$ROOT/spool/%n
		SlurmctldPidFile=$ROOT/run/slurmctld.pid
		SlurmdPidFile=$ROOT/run/slurmd.%n.pid
		SlurmctldLogFile=$ROOT/log/slurmctld.log
		SlurmdLogFile=$ROOT/log/slurmd.%n.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		ReturnToService=2
		SchedulerParameters=sched_min_interval=100000,bf_interval=1,batch_sched_delay=0
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		JobCompType=jobcomp/filetxt
		JobCompLoc=$ROOT/log/jobcomp.txt
		SlurmdTimeout=6
		SlurmctldTimeout=6
		KillWait=3
		UnkillableStepTimeout=10
		MessageTimeout=5
		MinJobAge=600
		MailProg=/bin/true
		SlurmdParameters=config_overrides
		C
		for i in $(seq "$NODES"); do
			echo "NodeName=n$i NodeAddr=$1.$((10 + i)) CPUs=$CPUS RealMemory=2000 State=UNKNOWN"
		done
		echo "PartitionName=main Nodes=n[1-$NODES] Default=YES MaxTime=INFINITE State=UP"
	} >"$SLURM_CONF"
	cgroup_conf >"$ROOT/cgroup.conf"
}

# cgroup_conf: nothing here uses control groups, but slurmd prepares them, and fails where that is not allowed.
cgroup_conf() {
	local v
	v=$(slurmd -V | awk '{split($2, v, "."); print v[1] * 100 + v[2]}')
	if [[ $v -ge 2405 ]]; then echo "CgroupPlugin=disabled"; else echo "IgnoreSystemd=yes"; fi
}

net_up() { # net_up NET
	local i
	ip netns add "$NS-ctl" || die "cannot make a network namespace: CAP_SYS_ADMIN and CAP_NET_ADMIN are needed"
	ip -n "$NS-ctl" link set lo up
	ip -n "$NS-ctl" link add br0 type bridge || die "cannot make a bridge: has the kernel the module bridge?"
	ip -n "$NS-ctl" addr add "$1.1/24" dev br0
	ip -n "$NS-ctl" link set br0 up
	ip link add "$LINK" type veth peer name host netns "$NS-ctl" || die "cannot make a veth pair: has the kernel the module veth?"
	ip -n "$NS-ctl" link set host master br0 up
	ip addr add "$1.254/24" dev "$LINK"
	ip link set "$LINK" up
	for i in $(seq "$NODES"); do
		ip netns add "$NS-n$i"
		ip -n "$NS-ctl" link add "n$i" type veth peer name eth0 netns "$NS-n$i"
		ip -n "$NS-ctl" link set "n$i" master br0 up
		ip -n "$NS-n$i" addr add "$1.$((10 + i))/24" dev eth0
		ip -n "$NS-n$i" link set eth0 up
		ip -n "$NS-n$i" link set lo up
	done
}

munge_up() {
	local run=$ROOT/run
	(umask 077 && head -c 128 /dev/urandom >"$run/munge.key")
	# --force: it distrusts sockets below /tmp.
	munged --force --key-file="$run/munge.key" --socket="$run/munge.socket" --pid-file="$run/munged.pid" \
		--log-file="$ROOT/log/munged.log" --seed-file="$run/munge.seed" 2>"$ROOT/log/munged.console" ||
		die "munged does not start: $(tail -n 1 "$ROOT/log/munged.console")"
}

# Daemons stay in the foreground, as children of nobody: so their pids are known from the start.
start_ctld() { # start_ctld [OPTION]
	setsid nsenter --net="/run/netns/$NS-ctl" unshare -u bash -c "hostname ctl; exec slurmctld -D $* -f $SLURM_CONF" \
		</dev/null >>"$ROOT/log/slurmctld.console" 2>&1 &
	echo $! >"$ROOT/run/ctld.pid"
}

# start_node starts the first process of a node's PID namespace, and in it slurmd. By nsenter and not "ip netns exec":
# that mounts another /sys, in which slurmd finds no cgroup file system.
start_node() {
	setsid nsenter --net="/run/netns/$NS-n$1" unshare -u --pid --fork --kill-child --mount-proc bash -c \
		"hostname n$1; trap : TERM; slurmd -D -N n$1 -f $SLURM_CONF & wait; while :; do sleep 1000; done" \
		</dev/null >>"$ROOT/log/n$1.console" 2>&1 &
}

# init_of prints the pid, as it is outside, of the first process of a node's PID namespace.
init_of() {
	local p
	for p in $(ip netns pids "$NS-n$1" 2>/dev/null); do
		[[ $(awk '/^NSpid:/ {print NF - 1, $NF}' "/proc/$p/status" 2>/dev/null) = *" 1" ]] && { echo "$p"; return; }
	done
	die "node n$1 does not run"
}

slurmd_of() { # prints the pid of the node's slurmd
	local p
	for p in $(ip netns pids "$NS-n$1" 2>/dev/null); do
		[[ $(cat "/proc/$p/comm" 2>/dev/null) = slurmd ]] && { echo "$p"; return; }
	done
	die "no slurmd runs on n$1"
}

# kill_file kills the process whose pid is in a file, if it still is one of this cluster.
kill_file() {
	local p
	p=$(cat "$1" 2>/dev/null) || return 0
	if [[ $p =~ ^[0-9]+$ ]] && tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null | grep -qF "$ROOT/"; then
		kill -9 "$p" 2>/dev/null || :
	fi
	rm -f "$1"
}

kill_ns() { # kill_ns NAMESPACE: kill what runs in it, and wait until nothing does
	local t p
	for t in $(seq 100); do
		p=$(ip netns pids "$1" 2>/dev/null | while read -r q; do
			# The dead whose parent does not ask for them are no longer in anybody's way.
			grep -q '^State:.Z' "/proc/$q/status" 2>/dev/null || echo "$q"
		done)
		[[ -n $p ]] || return 0
		kill -9 $p 2>/dev/null || :
		sleep 0.05
	done
	die "pids" $p "in $1 cannot be killed"
}

down() {
	local ns
	kill_file "$ROOT/run/ctld.pid"
	kill_file "$ROOT/run/munged.pid"
	for ns in $(ip netns list 2>/dev/null | awk -v p="$NS-" 'index($1, p) == 1 {print $1}'); do
		kill_ns "$ns"
		ip netns del "$ns"
	done
	ip link del "$LINK" 2>/dev/null || : # the kernel does it, a moment after the namespace of its peer is gone
	rm -rf "$ROOT"/{state,spool,run,slurm.conf,cgroup.conf}
}

# wait_ctld waits until the controller listens: a slurmd that starts before it tries again only after 5 s.
wait_ctld() { # wait_ctld NET
	local t
	for t in $(seq 100); do
		(exec 3<>"/dev/tcp/$1.1/16817") 2>/dev/null && return
		sleep 0.1
	done
	return 1
}

wait_idle() { # wait_idle SECONDS
	local t
	for t in $(seq $(($1 * 10))); do
		[[ $(timeout 5 sinfo -h -o '%D %T' 2>/dev/null) = "$NODES idle" ]] && return
		sleep 0.1
	done
	return 1
}

up() {
	local net i
	down
	rm -rf "$ROOT/log"
	mkdir -p "$ROOT"/{state,spool,log,run,out}
	chmod 755 "$ROOT" "$ROOT/run"
	trap 'down' EXIT # of an up that fails
	net=$(free_net)
	conf "$net"
	net_up "$net"
	munge_up
	start_ctld -i
	wait_ctld "$net" || die "slurmctld does not answer after 10 s: $(tail -n 1 "$ROOT/log/slurmctld.console")"
	for i in $(seq "$NODES"); do start_node "$i"; done
	wait_idle 20 || {
		tail -n 3 "$ROOT"/log/*.console "$ROOT"/log/slurm*.log >&2 || :
		die "the $NODES nodes are not idle after 20 s; see the logs in $ROOT/log"
	}
	trap - EXIT
	sinfo -N -l
}

resume_nodes() {
	local n state
	sinfo -h -N -o '%n %T' | sort -u | while read -r n state; do
		case $state in *drain* | *down* | *fail*) scontrol update nodename="$n" state=resume || : ;; esac
	done
}

node() { # node [N]: check the number of a node
	[[ ${1:-} =~ ^[1-9][0-9]?$ && ${1:-} -le $NODES ]] || die "'${1:-}' is no node, which are 1 to $NODES"
	[[ -e /run/netns/$NS-n$1 ]] || die "no cluster is up in $ROOT"
}

case ${1:-} in
up) up ;;
down) down ;;
start-node) node "${2:-}" && start_node "$2" ;;
kill-node) node "${2:-}" && p=$(init_of "$2") && kill -9 "$p" && kill_ns "$NS-n$2" ;;
partition) node "${2:-}" && ip -n "$NS-ctl" link set "n$2" down ;;
heal) node "${2:-}" && ip -n "$NS-ctl" link set "n$2" up ;;
kill-slurmd) node "${2:-}" && p=$(slurmd_of "$2") && kill -9 "$p" ;;
restart-slurmd)
	node "${2:-}" && p=$(init_of "$2")
	setsid nsenter --target "$p" --net --uts --pid --mount slurmd -D -N "n$2" -f "$SLURM_CONF" \
		</dev/null >>"$ROOT/log/n$2.console" 2>&1 &
	;;
kill-ctld) node 1 && kill_file "$ROOT/run/ctld.pid" ;;
start-ctld) node 1 && start_ctld ;;
resume-nodes) node 1 && resume_nodes ;;
*) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
esac
