namespace Skiff.CommandLine;

/// <summary>At least one command line for every verb: shown by <c>--help</c> and in the manual pages. A test parses them all.</summary>
internal static class Examples
{
    private static readonly (string Group, string Verb, string Plain)[] s_same =
    [
        ("container", "ls", "ps"),
        ("image", "ls", "images"),
        ("image", "rm", "rmi"),
    ];

    private static readonly Dictionary<string, string[]> s_lines = new(StringComparer.Ordinal)
    {
        ["attach"] = ["skiff attach --detach-keys ctrl-x web"],
        ["build"] =
        [
            "skiff build -t my:1 .",
            "skiff build --target test --progress plain --build-arg VERSION=2 .",
            "skiff build --secret id=npm,src=.npmrc -t my:1 .",
        ],
        ["builder prune"] = ["skiff builder prune -f --filter until=168h", "skiff builder prune -af --keep-storage 10g"],
        ["commit"] = ["skiff commit -m 'with settings' web web:tuned"],
        ["compose attach"] = ["skiff compose attach --no-stdin web"],
        ["compose build"] = ["skiff compose build --pull web"],
        ["compose config"] = ["skiff compose config --format json", "skiff compose config -q"],
        ["compose cp"] = ["skiff compose cp web:/etc/nginx/nginx.conf ."],
        ["compose create"] = ["skiff compose create"],
        ["compose down"] = ["skiff compose down -v --remove-orphans"],
        ["compose events"] = ["skiff compose events --json"],
        ["compose exec"] = ["skiff compose exec db psql -U postgres"],
        ["compose images"] = ["skiff compose images"],
        ["compose kill"] = ["skiff compose kill -s HUP web"],
        ["compose logs"] = ["skiff compose logs -f --tail 20 web"],
        ["compose ls"] = ["skiff compose ls -a"],
        ["compose pause"] = ["skiff compose pause web"],
        ["compose port"] = ["skiff compose port web 80"],
        ["compose ps"] = ["skiff compose ps -a --format json"],
        ["compose pull"] = ["skiff compose pull -q"],
        ["compose restart"] = ["skiff compose restart -t 3 web"],
        ["compose rm"] = ["skiff compose rm -f -s worker"],
        ["compose run"] = ["skiff compose run --rm web sh"],
        ["compose scale"] = ["skiff compose scale worker=3"],
        ["compose start"] = ["skiff compose start"],
        ["compose stats"] = ["skiff compose stats --no-stream"],
        ["compose stop"] = ["skiff compose stop -t 3 web"],
        ["compose top"] = ["skiff compose top"],
        ["compose unpause"] = ["skiff compose unpause web"],
        ["compose up"] = ["skiff compose up -d --build --wait", "skiff compose up --scale worker=3 --exit-code-from test"],
        ["compose version"] = ["skiff compose version --short"],
        ["compose wait"] = ["skiff compose wait migrate"],
        ["completion"] = ["skiff completion bash > /etc/bash_completion.d/skiff", "skiff completion fish | source"],
        ["container prune"] = ["skiff container prune -f --filter until=24h"],
        ["cp"] = ["skiff cp web:/etc/nginx/nginx.conf .", "skiff cp site/. web:/srv"],
        ["create"] = ["skiff create --name web -p 8080:80 nginx"],
        ["diff"] = ["skiff diff web"],
        ["events"] = ["skiff events --since 1h --filter event=die --format '{{.Actor.ID}}'"],
        ["exec"] = ["skiff exec -it web sh", "skiff exec -u 1000 -w /srv web ls -l"],
        ["explain"] = ["skiff explain run --rm -m 64m alpine true"],
        ["explain compose up"] = ["skiff explain compose up", "skiff explain compose up --build web"],
        ["explain pull"] = ["skiff explain pull alpine"],
        ["explain run"] = ["skiff explain run --rm -p 8080:80 nginx"],
        ["export"] = ["skiff export -o web.tar web"],
        ["help"] = ["skiff help run"],
        ["history"] = ["skiff history --no-trunc alpine"],
        ["image inspect"] = ["skiff image inspect -f '{{json .Config.Env}}' alpine"],
        ["image prune"] = ["skiff image prune -a --filter until=240h", "skiff image prune -a --keep 5 --dry-run"],
        ["images"] = ["skiff images --filter dangling=true -q", "skiff images --format '{{.Repository}}:{{.Tag}} {{.Size}}'"],
        ["import"] = ["skiff import rootfs.tar my:1"],
        ["info"] = ["skiff info --format '{{.CgroupVersion}}'"],
        ["inspect"] =
        [
            "skiff inspect -f '{{.NetworkSettings.IPAddress}}' web",
            "skiff inspect -f '{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}' web",
            "skiff inspect --run-command web",
        ],
        ["kill"] = ["skiff kill -s HUP web"],
        ["load"] = ["skiff load -i images.tar"],
        ["login"] = ["skiff login -u me registry.example.org"],
        ["logout"] = ["skiff logout registry.example.org"],
        ["logs"] = ["skiff logs -f --since 10m web", "skiff logs -n 100 -t web"],
        ["man"] = ["skiff man run | man -l -", "skiff man -o /usr/local/share/man/man1"],
        ["pause"] = ["skiff pause web"],
        ["port"] = ["skiff port web 80"],
        ["ps"] = ["skiff ps -a --filter status=exited --format '{{.Names}}: {{.Status}}'", "skiff ps -q --filter name=^web"],
        ["pull"] = ["skiff pull alpine:3.20", "skiff pull --platform linux/arm64 debian"],
        ["rename"] = ["skiff rename web old-web"],
        ["restart"] = ["skiff restart -t 3 web"],
        ["rm"] = ["skiff rm -f -v web"],
        ["rmi"] = ["skiff rmi alpine:3.20"],
        ["run"] =
        [
            "skiff run --rm -it alpine sh",
            "skiff run -d --name web -p 8080:80 -v data:/srv --restart unless-stopped nginx",
            "skiff run --rm -m 64m --cpus 0.5 --network none alpine true",
        ],
        ["save"] = ["skiff save -o images.tar alpine debian"],
        ["network connect"] = ["skiff network connect --alias db back postgres"],
        ["network create"] = ["skiff network create back", "skiff network create --internal --subnet 172.28.0.0/24 --label tier=db db"],
        ["network disconnect"] = ["skiff network disconnect back postgres"],
        ["network inspect"] = ["skiff network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}} {{end}}' back"],
        ["network ls"] = ["skiff network ls --filter type=custom -q"],
        ["network prune"] = ["skiff network prune -f --filter until=24h"],
        ["network rm"] = ["skiff network rm back"],
        ["secret create"] =
        [
            "skiff secret create token token.txt",
            "skiff secret create --env token TOKEN",
            "skiff secret create --replace --label for=web tls.key server.key",
        ],
        ["secret exists"] = ["skiff secret exists token"],
        ["secret inspect"] = ["skiff secret inspect --pretty token"],
        ["secret ls"] = ["skiff secret ls --filter name=^tls -q"],
        ["secret rm"] = ["skiff secret rm token"],
        ["start"] = ["skiff start web", "skiff start -ai shell"],
        ["stats"] = ["skiff stats", "skiff stats --no-stream --format '{{.Name}} {{.MemUsage}}'"],
        ["stop"] = ["skiff stop -t 30 web"],
        ["system boot install"] = ["skiff system boot install"],
        ["system boot start"] = ["skiff system boot start"],
        ["system boot status"] = ["skiff system boot status"],
        ["system boot uninstall"] = ["skiff system boot uninstall"],
        ["system df"] = ["skiff system df -v"],
        ["system prune"] = ["skiff system prune -af --volumes", "skiff system prune -f --filter until=48h"],
        ["tag"] = ["skiff tag alpine:3.20 registry.example.org/base:1"],
        ["top"] = ["skiff top web", "skiff top web -o pid,nspid,user,rss,args --sort -rss"],
        ["unpause"] = ["skiff unpause web"],
        ["unshare"] = ["skiff unshare cat /proc/self/uid_map", "skiff unshare rm -r data"],
        ["update"] = ["skiff update -m 512m --restart always web"],
        ["version"] = ["skiff version --format '{{.Server.Version}}'"],
        ["volume create"] = ["skiff volume create --label tier=db data"],
        ["volume export"] = ["skiff volume export -o data.tar data"],
        ["volume import"] = ["skiff volume import data data.tar"],
        ["volume inspect"] = ["skiff volume inspect -f '{{.Mountpoint}}' data"],
        ["volume ls"] = ["skiff volume ls --filter dangling=true -q"],
        ["volume prune"] = ["skiff volume prune -a --filter label!=keep"],
        ["volume rm"] = ["skiff volume rm data"],
        ["wait"] = ["skiff wait web", "skiff wait --condition removed web"],
    };

    /// <summary>The lines for a verb by its path; those of the plain verb under a group's name of it (<c>container ls</c>). Empty for groups.</summary>
    public static IReadOnlyList<string> Of(string path)
    {
        if (s_lines.TryGetValue(path, out string[]? lines))
        {
            return lines;
        }
        int space = path.IndexOf(' ');
        if (space < 0)
        {
            return [];
        }
        string plain = path[(space + 1)..];
        foreach ((string group, string verb, string other) in s_same)
        {
            plain = path[..space] == group && plain == verb ? other : plain;
        }
        return s_lines.TryGetValue(plain, out lines)
            ? [.. lines.Select(l => l.Replace($"skiff {plain}", $"skiff {path}", StringComparison.Ordinal))]
            : [];
    }
}
