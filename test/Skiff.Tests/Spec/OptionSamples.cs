using CsCheck;

namespace Skiff.Tests.Spec;

/// <summary>One well-formed word for every flag and every notation; no two of different groups contradict each other.</summary>
internal static class OptionSamples
{
    private static readonly string[][] s_groups =
    [
        ["--name=web"], ["--detach", "--attach=stdout"], ["--tty"], ["--interactive"], ["--env=A=1", "--env=A=two words", "--env=A=", "--env=FROM_HOST", "--env=NOT_THERE", "--env=A=--x"],
        ["--env-file=X=1\nY=2"], ["--unsetenv=PATH"], ["--unsetenv-all"], ["--rm", "--restart=always", "--restart=on-failure", "--restart=on-failure:3", "--restart=unless-stopped"],
        ["--rmi"], ["--replace"], ["--workdir=/a/../b"], ["--user=1000:www", "--user=root"], ["--group-add=audio", "--group-add=5"], ["--domainname=example"],
        ["--entrypoint=", "--entrypoint=/bin/sh", "--entrypoint=[\"a\",\"b c\"]", "--entrypoint=[x", "--entrypoint=[\"[\"]"], ["--init"], ["--stop-signal=9", "--stop-signal=RTMIN+2"],
        ["--stop-timeout=-1", "--stop-timeout=0"], ["--annotation=a=b=c"], ["--label=x", "--label=x=y z"], ["--label-file=k=v"], ["--sig-proxy=false"], ["--detach-keys=ctrl-a,b"],
        ["--timeout=5"], ["--umask=077"], ["--tz=Europe/Berlin"], ["--cidfile=c.id"], ["--pidfile=/run/p"], ["--platform=linux/arm64/v8"], ["--pull=always", "--pull=never", "--pull=newer"],
        ["--quiet"], ["--tls-verify=false"],
        ["--publish=80", "--publish=[::1]:80:80", "--publish=1-3:4-6/udp", "--publish=127.0.0.1::9/sctp", "--publish=8000-9000:80"], ["--publish-all"], ["--expose=1-5/udp", "--expose=7"],
        ["--network=bridge", "--network=name=front,alias=a,alias=b,ip=10.1.2.3,ip6=2001:db8::3,mac-address=92:d0:c6:0a:29:33,\"driver-opt=a=b,c\",gw-priority=-3", "--network=front", "--network=bridge:ip=10.1.1.1"],
        ["--network-alias=n"], ["--link-local-ip=169.254.3.3"], ["--add-host=h:host-gateway", "--add-host=h=::1", "--add-host=h:[2001:db8::1]"], ["--dns=1.1.1.1", "--dns=fe80::1%eth0"],
        ["--dns-option=ndots:2"], ["--dns-search=."], ["--no-hosts"], ["--no-hostname"],
        ["--volume=/v1", "--volume=vol:/v1:nocopy,Z", "--volume=/src:/v1:ro,rslave,U,noexec", "--volume=./src:/v1:O", "--volume=/src:/v1:idmap=uids=0-1000-1#1-2000-5;gids=0-5-1", "--volume=/src:/v1:rro", "--volume=/src:/v1:bind,idmap"],
        [
            "--mount=type=bind,src=/a,dst=/m1,ro,bind-propagation=rshared,bind-recursive=writable", "--mount=type=bind,\"source=/a,b\",target=/m1,relabel=shared,U,idmap,noexec", "--mount=source=vol,target=/m1,volume-nocopy,volume-subpath=x/y,volume-label=a,volume-label=b=c,volume-opt=o=addr=1",
            "--mount=type=tmpfs,target=/m1,tmpfs-size=64m,tmpfs-mode=1770", "--mount=type=image,source=alpine,target=/m1,image-subpath=etc", "--mount=target=/m1", "--mount=type=bind,src=/a,dst=/m1,bind-create-src", "--mount=type=ramfs,target=/m1", "--mount=type=devpts,target=/m1,uid=3,max=5",
        ],
        ["--tmpfs=/t1", "--tmpfs=/t1:ro,size=50%,mode=755,noexec"], ["--volumes-from=x", "--volumes-from=x:ro", "--volumes-from=x:rw"], ["--read-only"], ["--read-only-tmpfs"], ["--shm-size=1g"], ["--storage-opt=size=1g"], ["--volume-driver=local"],
        ["--ulimit=nofile=1024:2048", "--ulimit=core=-1", "--ulimit=cpu=5"], ["--memory=64m", "--memory=67108865"], ["--memory-reservation=32m"], ["--memory-swappiness=0"], ["--oom-kill-disable"], ["--oom-score-adj=-5"],
        ["--cpus=1.5", "--cpus=0.010000001", "--cpu-quota=5000", "--cpu-period=20000"], ["--cpu-shares=2"], ["--cpu-rt-runtime=5"], ["--cpu-rt-period=9"], ["--cpuset-cpus=0-1,3"], ["--cpuset-mems=0"],
        ["--pids-limit=50", "--pids-limit=-1", "--pids-limit=0"], ["--blkio-weight=10"], ["--blkio-weight-device=/dev/sda:100"], ["--device-read-bps=/dev/sda:1mb"], ["--device-write-bps=/dev/sda:3"], ["--device-read-iops=/dev/sda:9"], ["--device-write-iops=/dev/sda:9"],
        ["--cgroup-parent=/x"], ["--cgroup-conf=memory.high=5"], ["--privileged"], ["--cap-add=net_admin,SYS_TIME", "--cap-add=ALL"], ["--cap-drop=CAP_CHOWN"],
        ["--security-opt=no-new-privileges", "--security-opt=no-new-privileges:true", "--security-opt=seccomp=unconfined", "--security-opt=seccomp=p.json", "--security-opt=apparmor=x", "--security-opt=label=type:t", "--security-opt=mask=/proc/a:/b", "--security-opt=unmask=ALL", "--security-opt=systempaths=unconfined", "--security-opt=writable-cgroups=true"],
        ["--sysctl=net.core.somaxconn=5"], ["--device=/dev/fuse", "--device=/dev/a:/dev/b", "--device=/dev/a:r", "--device=/dev/a:/dev/b:rw", "--device=vendor.com/class=x"], ["--gpus=all", "--gpus=2", "--gpus=device=0"], ["--device-cgroup-rule=c 42:* rmw"],
        ["--ipc=shareable"], ["--pid=host", "--pid=container:x"], ["--uts=private"], ["--userns=keep-id:uid=5", "--userns=nomap"], ["--cgroupns=host", "--cgroupns=ns:/proc/1/ns/cgroup"], ["--uidmap=0:1000:5"], ["--gidmap=0:1000"],
        ["--health-cmd=curl -f x || exit 1"], ["--health-interval=1m30s", "--health-interval=1500us", "--health-interval=0"], ["--health-timeout=5s"], ["--health-start-period=1ms"], ["--health-start-interval=2h"], ["--health-retries=3"], ["--health-on-failure=restart"],
        ["--log-driver=none"], ["--log-opt=max-size=10m"],
    ];

    internal static IEnumerable<string> All => s_groups.SelectMany(static words => words);

    internal static Gen<string[]> Words { get; } = Gen.Int[0, s_groups.Length - 1].SelectMany(static i => Gen.Int[0, s_groups[i].Length - 1].Select(k => s_groups[i][k]).Select(word => (i, word))).List[0, 25].Select(static list => list.DistinctBy(static x => x.i).Select(static x => x.word).ToArray());
}
